/**
 * Frames: how a slot of the ring carries a request into a sandbox and its answer out. The one place that reads what a
 * sandbox wrote: every length is checked here, before anything is believed.
 */
import { FrameType, LAYOUT, RequestString } from "../../ffi/layout.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What a sandbox wrote makes no sense: it is as good as crashed. */
export class WireError extends Error {
  override readonly name = "WireError";
}

/** Writes frames into the `in` area of a slot. One writer is enough for all: filling a slot never waits. */
export class FrameWriter {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #words: Uint32Array<ArrayBuffer>;
  #start = 0;
  #at = 0;
  #end = 0;

  constructor(ring: ArrayBuffer) {
    this.#bytes = new Uint8Array(ring);
    this.#words = new Uint32Array(ring);
  }

  begin(offset: number, capacity: number): void {
    this.#start = this.#at = offset;
    this.#end = offset + capacity;
  }

  get length(): number {
    return this.#at - this.#start;
  }

  /** Payload bytes that one more frame can have. */
  get room(): number {
    return this.#end - this.#at - LAYOUT.frameBytes;
  }

  /** False: the strings do not fit a head. `context` is JSON or empty. */
  head(flags: number, method: string, url: string, headers: string, id: string, context: string): boolean {
    const table = this.#at + LAYOUT.frameBytes;
    const text = table + 4 * RequestString.STRINGS;
    const chars = method.length + url.length + headers.length + id.length + context.length;
    if (chars > LAYOUT.headMax) return false;
    const all = method + url + headers + id + context;
    const room = this.#bytes.subarray(text, Math.min(this.#end, text + LAYOUT.headMax));
    const { read, written } = encoder.encodeInto(all, room);
    if (read < all.length) return false;
    const words = this.#words;
    const at = table >> 2;
    words[at] = method.length;
    words[at + 1] = url.length;
    words[at + 2] = headers.length;
    words[at + 3] = id.length;
    words[at + 4] = context.length;
    if (written !== chars) this.#measure(at, [method, url, headers, id, context]);
    this.#finish(FrameType.HEAD, flags, 0, 4 * RequestString.STRINGS + written);
    return true;
  }

  /** Characters are not bytes once a string has one beyond ASCII. */
  #measure(at: number, strings: readonly string[]): void {
    strings.forEach((string, i) => this.#words[at + i] = encoder.encode(string).length);
  }

  chunk(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#at + LAYOUT.frameBytes);
    this.#finish(FrameType.CHUNK, 0, 0, bytes.length);
  }

  end(): void {
    this.#finish(FrameType.END, 0, 0, 0);
  }

  cancel(): void {
    this.#finish(FrameType.CANCEL, 0, 0, 0);
  }

  credit(bytes: number): void {
    this.#words[(this.#at + LAYOUT.frameBytes) >> 2] = bytes;
    this.#finish(FrameType.CREDIT, 0, 0, 4);
  }

  answer(id: number, failed: boolean, bytes: Uint8Array): void {
    const at = (this.#at + LAYOUT.frameBytes) >> 2;
    this.#words[at] = id;
    this.#words[at + 1] = failed ? 1 : 0;
    this.#bytes.set(bytes, this.#at + LAYOUT.frameBytes + 8);
    this.#finish(FrameType.ANSWER, 0, 0, 8 + bytes.length);
  }

  /** The payload is in place: puts the header before it and zeroes up to the next frame. */
  #finish(type: number, flags: number, aux: number, length: number): void {
    const words = this.#words;
    words[this.#at >> 2] = type | (flags << 8) | (aux << 16);
    words[(this.#at >> 2) + 1] = length;
    let at = this.#at + LAYOUT.frameBytes + length;
    while (at & 3) this.#bytes[at++] = 0;
    this.#at = at;
  }
}

/** Walks the frames in the `out` area of a slot. */
export class FrameReader {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #words: Uint32Array<ArrayBuffer>;
  #next = 0;
  #end = 0;
  type = 0;
  flags = 0;
  aux = 0;
  #at = 0;
  length = 0;

  constructor(ring: ArrayBuffer) {
    this.#bytes = new Uint8Array(ring);
    this.#words = new Uint32Array(ring);
  }

  begin(offset: number, length: number): void {
    this.#next = offset;
    this.#end = offset + length;
  }

  /** False at the end. Throws a WireError for a frame that reaches beyond it. */
  next(): boolean {
    const at = this.#next;
    if (at === this.#end) return false;
    if (this.#end - at < LAYOUT.frameBytes) throw new WireError("Cannot read a frame: its header is cut off");
    const word = this.#words[at >> 2];
    const length = this.#words[(at >> 2) + 1];
    if (length > this.#end - at - LAYOUT.frameBytes) {
      throw new WireError("Cannot read a frame: it is longer than its area");
    }
    this.type = word & 0xff;
    this.flags = (word >>> 8) & 0xff;
    this.aux = word >>> 16;
    this.length = length;
    this.#at = at + LAYOUT.frameBytes;
    this.#next = Math.min(this.#end, (this.#at + length + 3) & ~3);
    return true;
  }

  /** A copy: the slot is used again. */
  bytes(from = 0): Uint8Array<ArrayBuffer> {
    if (from > this.length) throw new WireError("Cannot read a frame: it is too short");
    return this.#bytes.slice(this.#at + from, this.#at + this.length);
  }

  text(): string {
    return decoder.decode(this.#bytes.subarray(this.#at, this.#at + this.length));
  }

  word(index: number): number {
    if (4 * index + 4 > this.length) throw new WireError("Cannot read a frame: it is too short");
    return this.#words[(this.#at >> 2) + index];
  }
}
