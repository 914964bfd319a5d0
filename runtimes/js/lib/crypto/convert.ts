/** Conversions of what a function hands over, as Web IDL has them. Each reads its value once. */
import { isArrayBuffer, isBufferSource, viewBytes } from "../binary.ts";
import { domException } from "../dom_exception.ts";
import type { Bytes } from "../native.ts";
import { dataViewBuffer, trunc, viewBuffer, viewTag } from "../primordials.ts";

const Uint8ArrayIntrinsic = Uint8Array;
const { isView } = ArrayBuffer;

export const notSupported = (message: string): DOMException => domException("NotSupportedError", message);
export const invalidAccess = (message: string): DOMException => domException("InvalidAccessError", message);
export const dataError = (message: string): DOMException => domException("DataError", message);
export const operationError = (message: string): DOMException => domException("OperationError", message);
export const syntaxError = (message: string): DOMException => domException("SyntaxError", message);

/** What may be read as bytes, later and once: `copyOf` does. */
export function toSource(value: unknown, what: string): BufferSource {
  if (!isBufferSource(value) || (isView(value) && !isArrayBuffer(bufferOf(value)))) {
    throw new TypeError(`Cannot take ${what} that is no ArrayBuffer, and no view of one`);
  }
  return value;
}

const bufferOf = (view: ArrayBufferView): unknown =>
  viewTag(view) === undefined ? dataViewBuffer(view) : viewBuffer(view);

/** What the function does to its buffer afterwards is no matter. One that is detached has no bytes. */
export function copyOf(source: BufferSource): Bytes {
  try {
    return new Uint8ArrayIntrinsic(viewTag(source) === "Uint8Array" ? source as Bytes : viewBytes(source));
  } catch {
    return new Uint8ArrayIntrinsic(0);
  }
}

export const toBytes = (value: unknown, what: string): Bytes => copyOf(toSource(value, what));

/** `options` of an algorithm: the object that the function gave. */
export type Options = Readonly<Record<string, unknown>>;

export function requiredBytes(options: Options, key: string): Bytes {
  return toBytes(required(options, key), `a ${key}`);
}

export function optionalBytes(options: Options, key: string): Bytes | null {
  const value = options[key];
  return value === undefined ? null : toBytes(value, `a ${key}`);
}

/** [EnforceRange] of so many bits. */
export function requiredInteger(options: Options, key: string, bits: 8 | 16 | 32): number {
  return toInteger(required(options, key), key, bits);
}

export function optionalInteger(options: Options, key: string, bits: 8 | 16 | 32): number | null {
  const value = options[key];
  return value === undefined ? null : toInteger(value, key, bits);
}

export function toInteger(value: unknown, key: string, bits: 8 | 16 | 32): number {
  const number = trunc(+(value as number));
  if (!(number >= 0 && number < 2 ** bits)) {
    throw new TypeError(`Cannot take a ${key} that is no number of ${bits} bits`);
  }
  return number + 0;
}

export function requiredText(options: Options, key: string): string {
  return `${required(options, key)}`;
}

/** A BigInteger: the first byte is the highest. */
export function requiredUint8Array(options: Options, key: string): Bytes {
  const value = required(options, key);
  if (viewTag(value) !== "Uint8Array") throw new TypeError(`Cannot take a ${key} that is no Uint8Array`);
  return toBytes(value, `a ${key}`);
}

export function required(options: Options, key: string): unknown {
  const value = options[key];
  if (value === undefined) throw new TypeError(`Cannot go without "${key}"`);
  return value;
}
