/** node:buffer: `Buffer` is unenv's, with its slow codecs replaced by the engine's. */
import { Buffer as PackageBuffer, INSPECT_MAX_BYTES, kMaxLength, SlowBuffer } from "unenv/node/internal/buffer/buffer";
import { Blob, File } from "../blob.ts";
import { native } from "../native.ts";
import { addCodecs } from "./buffer_codecs.ts";

// deno-lint-ignore no-explicit-any
const Buffer = PackageBuffer as any;
addCodecs(Buffer);

const MAX_STRING_LENGTH = 2 ** 30 - 1;

const bytesOf = (input: ArrayBuffer | ArrayBufferView): Uint8Array<ArrayBuffer> =>
  ArrayBuffer.isView(input)
    ? new Uint8Array(input.buffer as ArrayBuffer, input.byteOffset, input.byteLength)
    : new Uint8Array(input);

export const isUtf8 = (input: ArrayBuffer | ArrayBufferView): boolean =>
  native.utf8Decode(bytesOf(input), true) !== null;
export const isAscii = (input: ArrayBuffer | ArrayBufferView): boolean => bytesOf(input).every((byte) => byte < 0x80);

export const transcode = (source: Uint8Array, from: string, to: string): unknown =>
  Buffer.from(Buffer.from(source).toString(from), to);

export const { atob, btoa } = globalThis;
export const constants = { MAX_LENGTH: kMaxLength, MAX_STRING_LENGTH };
export const kStringMaxLength = MAX_STRING_LENGTH;
export { Blob, Buffer, File, INSPECT_MAX_BYTES, kMaxLength, SlowBuffer };
