/** Texts to bytes and back by the engine's functions, which is ten to a hundred times as fast as in JavaScript. */
import { native } from "../native.ts";

type Bytes = Uint8Array<ArrayBuffer>;

interface Codec {
  encode(text: string): Bytes;
  decode(bytes: Bytes): string;
}

interface NativeBytes {
  toBase64(options?: { alphabet?: string; omitPadding?: boolean }): string;
  toHex(): string;
}
const { fromBase64, fromHex } = Uint8Array as unknown as {
  fromBase64(text: string): Bytes;
  fromHex(text: string): Bytes;
};

const asNative = (bytes: Bytes) => bytes as unknown as NativeBytes;

/** Like Node: either alphabet, whatever is no digit is left out, and nothing follows the padding. */
function base64Bytes(text: string): Bytes {
  const end = text.indexOf("=");
  const digits = (end < 0 ? text : text.slice(0, end)).replace(/-/g, "+").replace(/_/g, "/").replace(
    /[^A-Za-z0-9+/]/g,
    "",
  );
  // A single digit behind the last four holds no byte.
  return Reflect.apply(fromBase64, Uint8Array, [digits.length % 4 === 1 ? digits.slice(0, -1) : digits]);
}

/** As far as there are pairs of digits. */
function hexBytes(text: string): Bytes {
  const pairs = /^(?:[0-9a-fA-F]{2})*/.exec(text)![0];
  return Reflect.apply(fromHex, Uint8Array, [pairs]);
}

const UTF8: Codec = { encode: native.utf8Encode, decode: (bytes) => native.utf8Decode(bytes, false)! };
const HEX: Codec = { encode: hexBytes, decode: (bytes) => asNative(bytes).toHex() };
const BASE64: Codec = { encode: base64Bytes, decode: (bytes) => asNative(bytes).toBase64() };
const BASE64URL: Codec = {
  encode: base64Bytes,
  decode: (bytes) => asNative(bytes).toBase64({ alphabet: "base64url", omitPadding: true }),
};

const CODECS: Readonly<Record<string, Codec>> = {
  "utf8": UTF8,
  "utf-8": UTF8,
  "hex": HEX,
  "base64": BASE64,
  "base64url": BASE64URL,
};

function codecOf(encoding: unknown): Codec | null {
  const name = encoding === undefined || encoding === null || encoding === "" ? "utf8" : `${encoding}`.toLowerCase();
  return Object.hasOwn(CODECS, name) ? CODECS[name] : null;
}

// deno-lint-ignore no-explicit-any
type AnyBuffer = any;

/** What of a text fits, without half a character. */
function fitting(codec: Codec, bytes: Bytes, room: number): Bytes {
  if (bytes.length <= room) return bytes;
  if (codec !== UTF8) return bytes.subarray(0, room);
  let end = room;
  while (end > 0 && (bytes[end] & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}

export function addCodecs(Buffer: AnyBuffer): void {
  const { from, byteLength, isEncoding } = Buffer;
  const { toString, write } = Buffer.prototype;

  Buffer.from = function (value: unknown, encoding?: unknown, length?: unknown): unknown {
    const codec = typeof value === "string" ? codecOf(encoding) : null;
    if (codec === null) return Reflect.apply(from, Buffer, [value, encoding, length]);
    const bytes = codec.encode(value as string);
    return Object.setPrototypeOf(bytes, Buffer.prototype);
  };
  Buffer.byteLength = (value: unknown, encoding?: unknown): number => {
    const codec = typeof value === "string" ? codecOf(encoding) : null;
    return codec === null ? byteLength(value, encoding) : codec.encode(value as string).length;
  };
  Buffer.isEncoding = (encoding: unknown): boolean =>
    isEncoding(encoding) || (typeof encoding === "string" && encoding !== "" && codecOf(encoding) !== null);

  Buffer.prototype.toString = function (this: Bytes, encoding?: unknown, start = 0, end = this.length): string {
    const codec = codecOf(encoding);
    if (codec === null) return Reflect.apply(toString, this, [encoding, start, end]);
    const from = Math.max(0, Math.trunc(start) || 0);
    const to = Math.min(this.length, Math.max(0, Math.trunc(end) || 0));
    return to <= from ? "" : codec.decode(new Uint8Array(this.buffer, this.byteOffset + from, to - from));
  };
  Buffer.prototype.write = function (this: Bytes, text: string, ...rest: unknown[]): number {
    const encoding = rest.find((argument) => typeof argument === "string");
    const codec = codecOf(encoding);
    if (codec === null) return Reflect.apply(write, this, [text, ...rest]);
    const [offset = 0, length = Infinity] = rest.filter((argument) => typeof argument === "number") as number[];
    const bytes = fitting(codec, codec.encode(text), Math.min(length, this.length - offset));
    this.set(bytes, offset);
    return bytes.length;
  };
}
