import { concatBytes, copyBytes, isBufferSource } from "./binary.ts";
import { dictionary } from "./dictionary.ts";
import { type Bytes, native } from "./native.ts";
import { apply, push } from "./primordials.ts";
import { ReadableStream } from "./streams.ts";

type BlobPart = BufferSource | Blob | string;

export interface BlobPropertyBag {
  type?: string;
  endings?: "transparent" | "native";
}

const PRINTABLE = /^[\x20-\x7e]*$/;
const PIECE_BYTES = 65536;

const mimeType = (type: string): string => PRINTABLE.test(type) ? type.toLowerCase() : "";

/** What the parts are, before the options say how line endings are written. */
function partsOf(parts: unknown): (Bytes | string)[] {
  const iterate = typeof parts === "object" && parts !== null ? (parts as Iterable<BlobPart>)[Symbol.iterator] : null;
  if (typeof iterate !== "function") throw new TypeError("Cannot make a blob: its parts are no sequence");
  const found: (Bytes | string)[] = [];
  // Whoever made the object may count how often it is asked for its iterator.
  for (const part of { [Symbol.iterator]: (): Iterator<BlobPart> => apply(iterate, parts, []) }) {
    push(found, isBlob(part) ? blobBytes(part) : isBufferSource(part) ? copyBytes(part) : `${part}`);
  }
  return found;
}

function endingsOf({ endings = "transparent" }: BlobPropertyBag): string {
  const name = `${endings}`;
  if (name === "transparent" || name === "native") return name;
  throw new TypeError(`Cannot make a blob with the line endings ${name}`);
}

const encoded = (text: string, endings: string): Bytes =>
  native.utf8Encode(endings === "native" ? text.replace(/\r\n?|\n/g, "\n") : text);

const typeOf = ({ type }: BlobPropertyBag): string => type === undefined ? "" : mimeType(`${type}`);

/** Its own bytes: not to be written to. */
let blobBytes: (blob: Blob) => Bytes;
let isBlob: (value: unknown) => value is Blob;
const INTERNAL = Symbol("a blob of these very bytes");

export class Blob {
  readonly #bytes: Bytes;
  readonly #type: string;

  constructor(parts?: Iterable<BlobPart>, options?: BlobPropertyBag);
  constructor(parts: Iterable<BlobPart> | Bytes = [], bag?: BlobPropertyBag, secret?: symbol) {
    if (secret === INTERNAL) {
      this.#bytes = parts as Bytes;
      this.#type = typeOf(bag!);
      return;
    }
    const pieces = partsOf(parts);
    const options = dictionary(bag);
    const endings = endingsOf(options);
    this.#type = typeOf(options);
    this.#bytes = concatBytes(pieces.map((piece) => typeof piece === "string" ? encoded(piece, endings) : piece));
  }

  get size(): number {
    return this.#bytes.length;
  }
  get type(): string {
    return this.#type;
  }

  slice(start = 0, end = this.size, type = ""): Blob {
    const part = this.#bytes.subarray(...bounds(start, end, this.size));
    return new (Blob as unknown as new (...args: unknown[]) => Blob)(part, { type }, INTERNAL);
  }

  // deno-lint-ignore require-await
  async text(): Promise<string> {
    return native.utf8Decode(this.#bytes, false)!;
  }
  // deno-lint-ignore require-await
  async bytes(): Promise<Bytes> {
    return this.#bytes.slice();
  }
  // deno-lint-ignore require-await
  async arrayBuffer(): Promise<ArrayBuffer> {
    return this.#bytes.slice().buffer;
  }

  stream(): ReadableStream<Bytes> {
    const bytes = this.#bytes;
    let at = 0;
    return new ReadableStream<Bytes>({
      type: "bytes",
      pull(controller) {
        if (at < bytes.length) {
          controller.enqueue(bytes.slice(at, at += PIECE_BYTES));
          return;
        }
        controller.close();
        controller.byobRequest?.respond(0);
      },
    }, { highWaterMark: 0 });
  }

  static {
    blobBytes = (blob) => blob.#bytes;
    isBlob = (value): value is Blob => typeof value === "object" && value !== null && #bytes in value;
  }
}

/** Negative ones count from the end. */
function bounds(start: number, end: number, size: number): [number, number] {
  const clamp = (at: number) => at < 0 ? Math.max(size + at, 0) : Math.min(at, size);
  const from = clamp(Math.trunc(start) || 0);
  return [from, Math.max(from, clamp(Math.trunc(end) || 0))];
}

export interface FilePropertyBag extends BlobPropertyBag {
  lastModified?: number;
}

export class File extends Blob {
  readonly #name: string;
  readonly #lastModified: number;

  constructor(parts: Iterable<BlobPart>, name: string, options?: FilePropertyBag) {
    if (arguments.length < 2) throw new TypeError("Cannot make a file: it needs its parts and a name");
    super(parts, options);
    const { lastModified } = dictionary(options);
    this.#name = `${name}`;
    this.#lastModified = lastModified === undefined ? Date.now() : Math.trunc(Number(lastModified)) || 0;
  }

  get name(): string {
    return this.#name;
  }
  get lastModified(): number {
    return this.#lastModified;
  }
  get webkitRelativePath(): string {
    return "";
  }
}

export { blobBytes, isBlob };
