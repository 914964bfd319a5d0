/** From bytes to text, piece by piece, for every encoding of the standard. */
import { concatBytes, copyBytes } from "./binary.ts";
import type { ByteDecoder } from "./byte_decoder.ts";
import { Big5Decoder, GB18030Decoder } from "./chinese_decoders.ts";
import { tables } from "./encodings.ts";
import { EucJpDecoder, EucKrDecoder, Iso2022JpDecoder, ShiftJisDecoder } from "./japanese_decoders.ts";
import { type Bytes, native } from "./native.ts";

export interface Codec {
  /** null: some of it is invalid, and `fatal` says that this matters. */
  decode(bytes: Bytes, fatal: boolean, isLast: boolean): string | null;
}

const EMPTY: Bytes = new Uint8Array(0);
const REPLACEMENT = "\ufffd";

/** Keeps the bytes of a character that the last piece left incomplete. */
abstract class WholeCharacters implements Codec {
  #rest = EMPTY;

  decode(piece: Bytes, fatal: boolean, isLast: boolean): string | null {
    const bytes = this.#rest.length === 0 ? piece : concatBytes([this.#rest, piece]);
    const tail = isLast ? 0 : this.tailOf(bytes);
    this.#rest = tail === 0 ? EMPTY : copyBytes(bytes.subarray(bytes.length - tail));
    return this.decodeWhole(tail === 0 ? bytes : bytes.subarray(0, bytes.length - tail), fatal);
  }

  protected abstract tailOf(bytes: Bytes): number;
  protected abstract decodeWhole(bytes: Bytes, fatal: boolean): string | null;
}

class Utf8 extends WholeCharacters {
  protected tailOf(bytes: Bytes): number {
    return native.utf8Tail(bytes);
  }
  protected decodeWhole(bytes: Bytes, fatal: boolean): string | null {
    return native.utf8Decode(bytes, fatal);
  }
}

class Utf16 extends WholeCharacters {
  constructor(readonly isBigEndian: boolean) {
    super();
  }

  protected tailOf(bytes: Bytes): number {
    const odd = bytes.length & 1;
    const last = bytes.length - odd;
    const endsInHighSurrogate = last >= 2 && (bytes[this.isBigEndian ? last - 2 : last - 1] & 0xfc) === 0xd8;
    return endsInHighSurrogate ? odd + 2 : odd;
  }

  protected decodeWhole(bytes: Bytes, fatal: boolean): string | null {
    const text = native.utf16Decode(this.isBigEndian ? swapped(bytes) : bytes);
    const isWhole = (bytes.length & 1) === 0;
    if (isWhole && text.isWellFormed()) return text;
    if (fatal) return null;
    // A half character behind a half pair is one thing that is missing.
    const endsInHalf = !isWhole && (text.charCodeAt(text.length - 1) & 0xfc00) === 0xd800;
    return text.toWellFormed() + (isWhole || endsInHalf ? "" : REPLACEMENT);
  }
}

function swapped(bytes: Bytes): Bytes {
  const copy = copyBytes(bytes);
  for (let i = 0; i + 1 < copy.length; i += 2) [copy[i], copy[i + 1]] = [copy[i + 1], copy[i]];
  return copy;
}

class SingleByte implements Codec {
  constructor(readonly high: string) {}

  decode(bytes: Bytes, fatal: boolean): string | null {
    const text = native.byteDecode(bytes, this.high);
    return fatal && text.includes(REPLACEMENT) ? null : text;
  }
}

class MultiByte implements Codec {
  constructor(readonly decoder: ByteDecoder) {}

  decode(bytes: Bytes, fatal: boolean, isLast: boolean): string | null {
    const text = this.decoder.decode(bytes, isLast);
    return fatal && this.decoder.failed ? null : text;
  }
}

/** Bytes from 0x80 on are characters of private use. */
const userDefined = (): string => String.fromCharCode(...Array.from({ length: 128 }, (_, i) => 0xf780 + i));

const MULTI_BYTE: Readonly<Record<string, new () => ByteDecoder>> = {
  "big5": Big5Decoder,
  "euc-jp": EucJpDecoder,
  "euc-kr": EucKrDecoder,
  "gb18030": GB18030Decoder,
  "gbk": GB18030Decoder,
  "iso-2022-jp": Iso2022JpDecoder,
  "shift_jis": ShiftJisDecoder,
};

/** The name of the encoding that a label stands for; undefined: there is none. */
export function encodingOf(label: string): string | undefined {
  const key = label.replace(/^[\t\n\f\r ]+|[\t\n\f\r ]+$/g, "").toLowerCase();
  const name = Object.hasOwn(tables.labels, key) ? tables.labels[key] : undefined;
  return name === "replacement" ? undefined : name;
}

export function newCodec(encoding: string): Codec {
  if (encoding === "utf-8") return new Utf8();
  if (encoding === "utf-16le") return new Utf16(false);
  if (encoding === "utf-16be") return new Utf16(true);
  if (encoding === "x-user-defined") return new SingleByte(userDefined());
  const Decoder = MULTI_BYTE[encoding];
  return Decoder ? new MultiByte(new Decoder()) : new SingleByte(tables.singleByte[encoding]);
}
