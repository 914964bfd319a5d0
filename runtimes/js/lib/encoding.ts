import { isBufferSource, isUint8Array, viewBytes } from "./binary.ts";
import { dictionary } from "./dictionary.ts";
import { type Bytes, native } from "./native.ts";
import { slice, startsWith, toJson } from "./primordials.ts";
import { type Codec, encodingOf, newCodec } from "./text_codecs.ts";

export class TextEncoder {
  get encoding(): string {
    return "utf-8";
  }

  encode(text = ""): Bytes {
    return native.utf8Encode(`${text}`);
  }

  encodeInto(text: string, target: Bytes): { read: number; written: number } {
    if (!isUint8Array(target)) throw new TypeError("Cannot encode into what is no Uint8Array");
    const [read, written] = native.utf8EncodeInto(`${text}`, target);
    return { read, written };
  }
}

const EMPTY: Bytes = new Uint8Array(0);
const MARK = "\ufeff";

export interface TextDecoderOptions {
  fatal?: boolean;
  ignoreBOM?: boolean;
}

export class TextDecoder {
  readonly #encoding: string;
  readonly #fatal: boolean;
  readonly #ignoreBOM: boolean;
  #codec: Codec;
  #atStart = true;

  constructor(label = "utf-8", options?: TextDecoderOptions) {
    const name = `${label}`;
    const { fatal, ignoreBOM } = dictionary(options);
    const encoding = encodingOf(name);
    if (encoding === undefined) throw new RangeError(`Cannot decode the encoding ${toJson(name)}`);
    this.#encoding = encoding;
    this.#fatal = Boolean(fatal);
    this.#ignoreBOM = Boolean(ignoreBOM);
    this.#codec = newCodec(encoding);
  }

  get encoding(): string {
    return this.#encoding;
  }
  get fatal(): boolean {
    return this.#fatal;
  }
  get ignoreBOM(): boolean {
    return this.#ignoreBOM;
  }

  decode(input?: BufferSource, options?: { stream?: boolean }): string {
    if (input !== undefined && !isBufferSource(input)) throw new TypeError("Cannot decode what is no buffer");
    const stream = Boolean(dictionary(options).stream);
    const bytes = input === undefined ? EMPTY : viewBytes(input);
    const text = this.#codec.decode(bytes, this.#fatal, !stream);
    if (text === null || !stream) this.#codec = newCodec(this.#encoding);
    if (text === null) {
      this.#atStart = true;
      throw new TypeError(`Cannot decode the bytes: they are no valid ${this.#encoding}`);
    }
    const hasMark = this.#atStart && !this.#ignoreBOM && text[0] === MARK && startsWith(this.#encoding, "utf-");
    this.#atStart = !stream || (this.#atStart && text === "");
    return hasMark ? slice(text, 1) : text;
  }
}
