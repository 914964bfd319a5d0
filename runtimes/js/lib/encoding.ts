import { concatBytes, copyBytes, isBufferSource, isUint8Array, viewBytes } from "./binary.ts";
import { type Bytes, native } from "./native.ts";

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

/** What windows-1252, which the standard also means by latin1 and ascii, has from 0x80 on. */
const WINDOWS_1252 = "\u20ac\x81\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\x8d\u017d\x8f" +
  "\x90\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\x9d\u017e\u0178";

/** The standard's labels of the encodings that are here. */
const LABELS: Record<string, readonly string[]> = {
  "utf-8": ["unicode-1-1-utf-8", "unicode11utf8", "unicode20utf8", "utf-8", "utf8", "x-unicode20utf8"],
  "utf-16le": ["csunicode", "iso-10646-ucs-2", "ucs-2", "unicode", "unicodefeff", "utf-16", "utf-16le"],
  "windows-1252": [
    "ansi_x3.4-1968",
    "ascii",
    "cp1252",
    "cp819",
    "csisolatin1",
    "ibm819",
    "iso-8859-1",
    "iso-ir-100",
    "iso8859-1",
    "iso88591",
    "iso_8859-1",
    "iso_8859-1:1987",
    "l1",
    "latin1",
    "us-ascii",
    "windows-1252",
    "x-cp1252",
  ],
};

const encodings = new Map(Object.entries(LABELS).flatMap(([name, labels]) => labels.map((label) => [label, name])));

function encodingOf(label: string): string {
  const name = encodings.get(label.replace(/^[\t\n\f\r ]+|[\t\n\f\r ]+$/g, "").toLowerCase());
  if (name === undefined) throw new RangeError(`Cannot decode the encoding ${JSON.stringify(label)}`);
  return name;
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
  /** Bytes of a character that the last piece of a stream left incomplete. */
  #rest = EMPTY;
  #atStart = true;

  constructor(label = "utf-8", options: TextDecoderOptions = {}) {
    this.#encoding = encodingOf(`${label}`);
    this.#fatal = Boolean(options?.fatal);
    this.#ignoreBOM = Boolean(options?.ignoreBOM);
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

  decode(input?: BufferSource, options: { stream?: boolean } = {}): string {
    if (input !== undefined && !isBufferSource(input)) throw new TypeError("Cannot decode what is no buffer");
    const stream = Boolean(options?.stream);
    const given = input === undefined ? EMPTY : viewBytes(input);
    const bytes = this.#rest.length === 0 ? given : concatBytes([this.#rest, given]);
    const tail = stream ? this.#tailOf(bytes) : 0;
    this.#rest = tail === 0 ? EMPTY : copyBytes(bytes.subarray(bytes.length - tail));
    const text = this.#decodeWhole(tail === 0 ? bytes : bytes.subarray(0, bytes.length - tail));
    const withoutMark = this.#atStart && !this.#ignoreBOM && text[0] === MARK ? text.slice(1) : text;
    this.#atStart = !stream || (this.#atStart && text === "");
    return withoutMark;
  }

  #tailOf(bytes: Bytes): number {
    if (this.#encoding === "utf-8") return native.utf8Tail(bytes);
    if (this.#encoding !== "utf-16le") return 0;
    const odd = bytes.length & 1;
    const last = bytes.length - odd;
    const endsInHighSurrogate = last >= 2 && (bytes[last - 1] & 0xfc) === 0xd8;
    return endsInHighSurrogate ? odd + 2 : odd;
  }

  #decodeWhole(bytes: Bytes): string {
    switch (this.#encoding) {
      case "utf-8":
        return native.utf8Decode(bytes, this.#fatal) ?? this.#invalid();
      case "utf-16le": {
        const text = native.utf16Decode(bytes);
        const isWhole = (bytes.length & 1) === 0;
        if (isWhole && text.isWellFormed()) return text;
        if (this.#fatal) return this.#invalid();
        return text.toWellFormed() + (isWhole ? "" : "\ufffd");
      }
      default:
        return native.byteDecode(bytes, WINDOWS_1252);
    }
  }

  #invalid(): never {
    this.#rest = EMPTY;
    this.#atStart = true;
    throw new TypeError(`Cannot decode the bytes: they are no valid ${this.#encoding}`);
  }
}
