/**
 * The intrinsics that the way of a request depends on, taken before any user's code runs: a function that replaces
 * `Array.prototype.push` or `Promise.prototype.then` breaks itself, and nothing here.
 */

type Method<This, Args extends unknown[], Result> = (self: This, ...args: Args) => Result;

/** `uncurry(String.prototype.split)(text, "\n")` */
const uncurry = Function.prototype.bind.bind(Function.prototype.call) as unknown as <
  This,
  Args extends unknown[],
  Result,
>(
  method: (this: This, ...args: Args) => Result,
) => Method<This, Args, Result>;

export const { apply, ownKeys, getOwnPropertyDescriptor: describe } = Reflect;
export const { defineProperty, freeze, getPrototypeOf } = Object;
export const { isArray } = Array;
export const isEnumerable = uncurry(Object.prototype.propertyIsEnumerable);
export const { parse: parseJson, stringify: toJson } = JSON;
export const { floor, max, min, trunc } = Math;
export const isFiniteNumber = Number.isFinite;

export const split = uncurry(String.prototype.split as (this: string, separator: string) => string[]);
export const slice = uncurry(String.prototype.slice);
export const indexOf = uncurry(String.prototype.indexOf);
export const lowerCase = uncurry(String.prototype.toLowerCase);
export const upperCase = uncurry(String.prototype.toUpperCase);
export const startsWith = uncurry(String.prototype.startsWith);
export const trim = uncurry(String.prototype.trim);
export const replaceAll = uncurry(String.prototype.replaceAll as (this: string, from: string, to: string) => string);
export const wellFormed = uncurry(String.prototype.toWellFormed);

export const push = uncurry(Array.prototype.push) as <T>(array: T[], item: T) => number;
export const pop = uncurry(Array.prototype.pop) as <T>(array: T[]) => T | undefined;
export const shift = uncurry(Array.prototype.shift) as <T>(array: T[]) => T | undefined;
export const splice = uncurry(Array.prototype.splice) as <T>(array: T[], start: number, count: number) => T[];
export const join = uncurry(Array.prototype.join) as (array: readonly string[], separator: string) => string;

const MapPrototype = Map.prototype;
export const mapGet = uncurry(MapPrototype.get) as <K, V>(map: Map<K, V>, key: K) => V | undefined;
export const mapSet = uncurry(MapPrototype.set) as <K, V>(map: Map<K, V>, key: K, value: V) => Map<K, V>;
export const mapDelete = uncurry(MapPrototype.delete) as <K, V>(map: Map<K, V>, key: K) => boolean;
export const mapSize = uncurry(describe(MapPrototype, "size")!.get!) as (map: Map<unknown, unknown>) => number;

const WeakSetPrototype = WeakSet.prototype;
export const weakSetAdd = uncurry(WeakSetPrototype.add) as (set: WeakSet<object>, item: object) => WeakSet<object>;
export const weakSetHas = uncurry(WeakSetPrototype.has) as (set: WeakSet<object>, item: object) => boolean;

const WeakMapPrototype = WeakMap.prototype;
export const weakMapGet = uncurry(WeakMapPrototype.get) as <V>(map: WeakMap<object, V>, key: object) => V | undefined;
export const weakMapSet = uncurry(WeakMapPrototype.set) as <V>(
  map: WeakMap<object, V>,
  key: object,
  value: V,
) => unknown;

const TypedArrayPrototype = getPrototypeOf(Uint8Array.prototype);
export const viewBuffer = uncurry(describe(TypedArrayPrototype, "buffer")!.get!) as (view: object) => ArrayBuffer;
export const viewOffset = uncurry(describe(TypedArrayPrototype, "byteOffset")!.get!) as (view: object) => number;
export const viewLength = uncurry(describe(TypedArrayPrototype, "byteLength")!.get!) as (view: object) => number;
export const viewTag = uncurry(describe(TypedArrayPrototype, Symbol.toStringTag)!.get!) as (
  view: unknown,
) => string | undefined;
export const dataViewBuffer = uncurry(describe(DataView.prototype, "buffer")!.get!) as (view: object) => ArrayBuffer;
export const dataViewOffset = uncurry(describe(DataView.prototype, "byteOffset")!.get!) as (view: object) => number;
export const dataViewLength = uncurry(describe(DataView.prototype, "byteLength")!.get!) as (view: object) => number;
export const bufferLength = uncurry(describe(ArrayBuffer.prototype, "byteLength")!.get!) as (
  buffer: ArrayBuffer,
) => number;

export const PromiseIntrinsic = Promise;
const resolved = Promise.resolve;
const rejected = Promise.reject;
/** A settled promise of the intrinsic kind. */
export const resolve = <T>(value: T): Promise<T> => apply(resolved, PromiseIntrinsic, [value]) as Promise<T>;
export const reject = (reason: unknown): Promise<never> =>
  apply(rejected, PromiseIntrinsic, [reason]) as Promise<never>;
