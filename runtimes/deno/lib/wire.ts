/** Frames: ffi/shim/frames.h says what they are. What comes from the server is believed. */
import { FrameType, LAYOUT } from "../../../ffi/layout.ts";
import { read, write } from "./descriptor.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const HEADER = LAYOUT.frameBytes;
const INPUT_BYTES = 2 * LAYOUT.guestInBytes;
const OUTPUT_BYTES = LAYOUT.guestOutBytes;
const LOG_MOST = 8192;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export const encode = (text: string): Bytes => encoder.encode(text);
export const decode = (bytes: Uint8Array): string => decoder.decode(bytes);

const padded = (length: number): number => length + 3 & ~3;

/** Frames that came and were not looked at. */
export class Input {
  readonly #bytes = new Uint8Array(INPUT_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);
  #from = 0;
  #to = 0;
  type = 0;
  flags = 0;
  #payload = 0;
  #length = 0;

  /** Waits for more: false at the end. */
  wait(): boolean {
    this.#makeRoom();
    const size = read(this.#bytes.subarray(this.#to));
    this.#to += size;
    return size > 0;
  }

  add(bytes: Uint8Array): void {
    this.#makeRoom();
    this.#bytes.set(bytes, this.#to);
    this.#to += bytes.length;
  }

  forget(): void {
    this.#from = this.#to = 0;
  }

  /** Takes the next frame, if all of it is there. */
  next(): boolean {
    const at = this.#from;
    if (this.#to - at < HEADER) return false;
    const length = this.#view.getUint32(at + 4, true);
    const end = at + HEADER + padded(length);
    if (end > this.#to) return false;
    this.type = this.#bytes[at];
    this.flags = this.#bytes[at + 1];
    this.#payload = at + HEADER;
    this.#length = length;
    this.#from = end;
    return true;
  }

  /** The payload, until more is read. */
  get payload(): Bytes {
    return this.#bytes.subarray(this.#payload, this.#payload + this.#length);
  }

  /** All of it, as it came. */
  get frame(): Bytes {
    return this.#bytes.slice(this.#payload - HEADER, this.#from);
  }

  word(at: number): number {
    return this.#view.getUint32(this.#payload + at, true);
  }

  /** So many texts, one after the other behind their lengths. */
  strings(count: number): string[] {
    const bytes = this.payload.subarray(count * 4);
    const text = decode(bytes);
    const isAscii = text.length === bytes.length;
    const strings: string[] = [];
    let from = 0;
    for (let i = 0; i < count; i++) {
      const to = from + this.word(4 * i);
      strings.push(isAscii ? text.slice(from, to) : decode(bytes.subarray(from, to)));
      from = to;
    }
    return strings;
  }

  /** What came last is at the start: a request that is small touches few pages. */
  #makeRoom(): void {
    this.#bytes.copyWithin(0, this.#from, this.#to);
    this.#to -= this.#from;
    this.#from = 0;
  }
}

/** Frames that are not written yet. */
export class Output {
  readonly #bytes = new Uint8Array(OUTPUT_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);
  #length = 0;
  #willFlush = false;

  frame(type: number, aux: number, payload: Uint8Array): void {
    const at = this.#begin(type, aux, payload.length);
    this.#bytes.set(payload, at);
  }

  text(type: number, aux: number, text: string): void {
    // A UTF-16 unit takes up to three bytes.
    const at = this.#begin(type, aux, text.length * 3);
    const { written } = encoder.encodeInto(text, this.#bytes.subarray(at));
    this.#view.setUint32(at - 4, written, true);
    this.#length = at + padded(written);
    this.#bytes.fill(0, at + written, this.#length);
  }

  word(type: number, word: number): void {
    this.#view.setUint32(this.#begin(type, 0, 4), word, true);
  }

  log(level: number, text: string): void {
    const bytes = encode(text);
    this.frame(FrameType.LOG, level, bytes.length > LOG_MOST ? encode(decode(bytes.subarray(0, LOG_MOST - 3))) : bytes);
  }

  flush(): void {
    if (this.#length > 0) write(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
  }

  /** When what runs now has run. */
  flushSoon(): void {
    if (this.#willFlush) return;
    this.#willFlush = true;
    queueMicrotask(() => {
      this.#willFlush = false;
      this.flush();
    });
  }

  #begin(type: number, aux: number, length: number): number {
    if (this.#length + HEADER + padded(length) > OUTPUT_BYTES) this.flush();
    const at = this.#length;
    this.#view.setUint32(at, type | aux << 16, true);
    this.#view.setUint32(at + 4, length, true);
    this.#length = at + HEADER + padded(length);
    // Padding is zero, whatever was here before.
    if (length > 0) this.#view.setUint32(this.#length - 4, 0, true);
    return at + HEADER;
  }
}
