/** What calls of the shim take and return, beside numbers. */
import { constants } from "node:os";

export type Bytes = Uint8Array<ArrayBuffer>;

/** A call of the shim was refused. `code` is the errno's name, `ELOOP`. */
export class NativeError extends Error {
  override readonly name = "NativeError";
  constructor(what: string, readonly code: string, detail: string) {
    super(`Cannot ${what}: ${detail || code}`);
  }
}

function errnoName(errno: number): string {
  return Object.entries(constants.errno).find(([, value]) => value === errno)?.[0] ?? `errno ${errno}`;
}

export function check(rc: number, what: string, detail = ""): number {
  if (rc < 0) throw new NativeError(what, errnoName(-rc), detail);
  return rc;
}

/** A C string. */
export function cString(text: string, what: string): Bytes {
  if (text.includes("\0")) throw new NativeError(what, "EINVAL", "a path has a NUL byte in it");
  return new TextEncoder().encode(text + "\0");
}

/** Where the shim puts the text of an error. */
export class Message {
  readonly bytes: Bytes = new Uint8Array(1024);
  get capacity(): bigint {
    return BigInt(this.bytes.length);
  }
  toString(): string {
    return new TextDecoder().decode(this.bytes.subarray(0, this.bytes.indexOf(0)));
  }
}

/** Where the shim puts a buffer that is the caller's to free. */
export class OutBuffer {
  readonly pointer: BigUint64Array<ArrayBuffer> = new BigUint64Array(1);
  readonly length: BigUint64Array<ArrayBuffer> = new BigUint64Array(1);

  /** A copy of it, after which it is freed. */
  take(free: (buffer: Deno.PointerValue) => void): Bytes {
    const pointer = Deno.UnsafePointer.create(this.pointer[0])!;
    try {
      const bytes = new Uint8Array(Number(this.length[0]));
      Deno.UnsafePointerView.copyInto(pointer, bytes);
      return bytes;
    } finally {
      free(pointer);
    }
  }
}
