/** node:util/types: by what an object is inside, whatever its prototype says. */
import { native } from "../native.ts";
import { viewTag } from "../primordials.ts";

const classOf = (value: unknown): string =>
  (typeof value === "object" && value !== null) || typeof value === "function" ? native.className(value) : "";
const is = (...names: string[]) => (value: unknown): boolean => names.includes(classOf(value));
const isView = (name: string) => (value: unknown): boolean => viewTag(value) === name;

export const isAnyArrayBuffer = is("ArrayBuffer", "SharedArrayBuffer");
export const isArgumentsObject = is("Arguments");
export const isArrayBuffer = is("ArrayBuffer");
export const isArrayBufferView = (value: unknown): boolean => ArrayBuffer.isView(value);
export const isBigInt64Array = isView("BigInt64Array");
export const isBigIntObject = is("BigInt");
export const isBigUint64Array = isView("BigUint64Array");
export const isBooleanObject = is("Boolean");
export const isBoxedPrimitive = is("Number", "String", "Boolean", "Symbol", "BigInt");
export const isDataView = is("DataView");
export const isDate = is("Date");
export const isExternal = (): boolean => false;
export const isFloat32Array = isView("Float32Array");
export const isFloat64Array = isView("Float64Array");
export const isGeneratorObject = is("Generator", "AsyncGenerator");
export const isInt16Array = isView("Int16Array");
export const isInt32Array = isView("Int32Array");
export const isInt8Array = isView("Int8Array");
export const isMap = is("Map");
export const isMapIterator = is("Map Iterator");
export const isNativeError = is("Error");
export const isNumberObject = is("Number");
export const isPromise = is("Promise");
export const isProxy = (value: unknown): boolean =>
  classOf(value) !== "" && native.proxyTarget(value as object) !== undefined;
export const isRegExp = is("RegExp");
export const isSet = is("Set");
export const isSetIterator = is("Set Iterator");
export const isSharedArrayBuffer = is("SharedArrayBuffer");
export const isStringObject = is("String");
export const isSymbolObject = is("Symbol");
export const isTypedArray = (value: unknown): boolean => viewTag(value) !== undefined;
export const isUint16Array = isView("Uint16Array");
export const isUint32Array = isView("Uint32Array");
export const isUint8Array = isView("Uint8Array");
export const isUint8ClampedArray = isView("Uint8ClampedArray");
export const isWeakMap = is("WeakMap");
export const isWeakSet = is("WeakSet");

const tagOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

export const isAsyncFunction = (value: unknown): boolean =>
  typeof value === "function" && /^Async(Generator)?Function$/.test(tagOf(value));
export const isGeneratorFunction = (value: unknown): boolean =>
  typeof value === "function" && /^(Async)?GeneratorFunction$/.test(tagOf(value));
export const isModuleNamespaceObject = (value: unknown): boolean => tagOf(value) === "Module";
export const isCryptoKey = (value: unknown): boolean => tagOf(value) === "CryptoKey";
export const isKeyObject = (): boolean => false;
