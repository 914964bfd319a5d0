import { type Bytes, native } from "./native.ts";
import {
  dataViewBuffer,
  dataViewLength,
  dataViewOffset,
  viewBuffer,
  viewLength,
  viewOffset,
  viewTag,
} from "./primordials.ts";

const Uint8ArrayIntrinsic = Uint8Array;
const isView = ArrayBuffer.isView;

export const isUint8Array = (value: unknown): value is Bytes => viewTag(value) === "Uint8Array";

export const isArrayBuffer = (value: unknown): value is ArrayBuffer =>
  typeof value === "object" && value !== null && native.className(value) === "ArrayBuffer";

export const isBufferSource = (value: unknown): value is BufferSource => isView(value) || isArrayBuffer(value);

/** The same memory, as bytes. */
export function viewBytes(source: BufferSource): Bytes {
  if (!isView(source)) return new Uint8ArrayIntrinsic(source);
  if (viewTag(source) !== undefined) {
    return new Uint8ArrayIntrinsic(viewBuffer(source), viewOffset(source), viewLength(source));
  }
  return new Uint8ArrayIntrinsic(dataViewBuffer(source), dataViewOffset(source), dataViewLength(source));
}

export const copyBytes = (source: BufferSource): Bytes => new Uint8ArrayIntrinsic(viewBytes(source));

export function concatBytes(pieces: readonly Bytes[]): Bytes {
  let length = 0;
  for (let i = 0; i < pieces.length; i++) length += viewLength(pieces[i]);
  const whole = new Uint8ArrayIntrinsic(length);
  for (let i = 0, at = 0; i < pieces.length; i++) {
    setBytes(whole, pieces[i], at);
    at += viewLength(pieces[i]);
  }
  return whole;
}

export const setBytes = Function.prototype.call.bind(Uint8Array.prototype.set) as (
  target: Bytes,
  source: Bytes,
  offset: number,
) => void;
