/** Parts: byte strings, each behind its length (u32, the lowest byte first). */

type Bytes = Uint8Array<ArrayBuffer>;

const LENGTH_BYTES = 4;
const MOST_TEXT = 64;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Reads what a guest wrote, in order: the one place that believes nothing of its lengths. */
export class PartsReader {
  readonly #bytes: Bytes;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The same memory: nothing else reads or writes it. */
  bytes(): Bytes {
    const start = this.#at + LENGTH_BYTES;
    if (start > this.#bytes.length) throw new Error("Cannot compute: a part of the call is missing");
    const length = this.#view.getUint32(this.#at, true);
    if (length > this.#bytes.length - start) throw new Error("Cannot compute: a part of the call is cut short");
    this.#at = start + length;
    return this.#bytes.subarray(start, this.#at);
  }

  number(): number {
    const bytes = this.bytes();
    if (bytes.length !== 4) throw new Error("Cannot compute: a number of the call has not four bytes");
    return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  }

  /** A short one: of an algorithm, a format, a hash. */
  name(): string {
    const bytes = this.bytes();
    if (bytes.length > MOST_TEXT) throw new Error("Cannot compute: a name of the call is too long");
    return decoder.decode(bytes);
  }

  oneOf<const Name extends string>(names: readonly Name[]): Name {
    const name = this.name();
    const found = names.find((known) => known === name);
    if (found === undefined) throw new Error(`Cannot compute: ${JSON.stringify(name)} is none of ${names.join(", ")}`);
    return found;
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw new Error("Cannot compute: the call has parts that nobody reads");
  }
}

export function packParts(parts: readonly Bytes[]): Bytes {
  const packed = new Uint8Array(parts.reduce((sum, part) => sum + LENGTH_BYTES + part.length, 0));
  const view = new DataView(packed.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part.length, true);
    packed.set(part, at + LENGTH_BYTES);
    at += LENGTH_BYTES + part.length;
  }
  return packed;
}

export const textPart = (text: string): Bytes => encoder.encode(text);
export const numberPart = (value: number): Bytes => new Uint8Array(new Uint32Array([value]).buffer);

export function joined(pieces: readonly Bytes[]): Bytes {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
