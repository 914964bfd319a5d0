/** node:util. */
import { dequal } from "dequal";
import { format as formatArguments } from "../console.ts";
import { TextDecoder, TextEncoder } from "../encoding.ts";
import { inspect as inspectValue } from "../inspect.ts";
import { onAbort } from "../abort.ts";
import * as types from "./util_types.ts";

// deno-lint-ignore no-explicit-any
type AnyFunction = (...args: any[]) => any;

const CUSTOM_PROMISIFY = Symbol.for("nodejs.util.promisify.custom");
const CUSTOM_INSPECT = Symbol.for("nodejs.util.inspect.custom");

/** A function whose last parameter is a callback as one that returns a promise. */
export function promisify(original: AnyFunction & { [CUSTOM_PROMISIFY]?: AnyFunction }): AnyFunction {
  const custom = original[CUSTOM_PROMISIFY];
  if (custom) return custom;
  return Object.setPrototypeOf(
    function (this: unknown, ...args: unknown[]) {
      return new Promise((resolve, reject) => {
        Reflect.apply(original, this, [
          ...args,
          (error: unknown, value: unknown) => error ? reject(error) : resolve(value),
        ]);
      });
    },
    Object.getPrototypeOf(original),
  );
}
promisify.custom = CUSTOM_PROMISIFY;

export const callbackify = (original: AnyFunction): AnyFunction =>
  function (this: unknown, ...args: unknown[]) {
    const callback = args.pop() as AnyFunction;
    // Not within the promise: what the callback throws is no rejection.
    const later = (...values: unknown[]) => queueMicrotask(() => callback(...values));
    Reflect.apply(original, this, args).then(
      (value: unknown) => later(null, value),
      (error: unknown) => later(error ?? new Error("The promise was rejected without a reason")),
    );
  };

export function inherits(constructor: AnyFunction, parent: AnyFunction): void {
  Object.defineProperty(constructor, "super_", { value: parent, writable: true, configurable: true });
  Object.setPrototypeOf(constructor.prototype, parent.prototype);
}

export const inspect = Object.assign(
  (value: unknown, options?: { depth?: number | null } | boolean): string =>
    inspectValue(
      value,
      typeof options === "object" && options.depth !== undefined ? { depth: options.depth ?? Infinity } : {},
    ),
  { custom: CUSTOM_INSPECT, defaultOptions: { depth: 2 }, colors: {}, styles: {} },
);

/** As the console does, but for `%d`, which keeps what is behind the point. */
export function format(...args: unknown[]): string {
  if (typeof args[0] !== "string") return formatArguments(args);
  let at = 0;
  const first = args[0].replace(/%[sdifjoOc%]/g, (directive) => {
    if (directive === "%%" || ++at >= args.length) return directive;
    if (directive !== "%d" || typeof args[at] === "object" || typeof args[at] === "bigint") return directive;
    args[at] = `${Number(args[at])}`;
    return "%s";
  });
  return formatArguments([first, ...args.slice(1)]);
}
export const formatWithOptions = (_: object, ...args: unknown[]): string => format(...args);

const warned = new Set<string>();

/** Warns once: of each code, else of each function. */
export function deprecate<F extends AnyFunction>(original: F, message: string, code?: string): F {
  let told = false;
  return function (this: unknown, ...args: unknown[]) {
    if (!told && !(code && warned.has(code))) console.warn(`DeprecationWarning: ${message}`);
    told = true;
    if (code) warned.add(code);
    return Reflect.apply(original, this, args);
  } as F;
}

/** NODE_DEBUG is nobody's. */
export const debuglog = (): AnyFunction => Object.assign(() => {}, { enabled: false });
export { debuglog as debug };

export const isDeepStrictEqual = (a: unknown, b: unknown): boolean => dequal(a, b);
export const isArray = Array.isArray;
export const toUSVString = (text: string): string => `${text}`.toWellFormed();

// deno-lint-ignore no-control-regex
const ESCAPES = /[\x1b\x9b][[\]()#;?]*(?:\d{1,4}(?:;\d{0,4})*)?[\dA-PR-TZcf-nq-uy=><~]/g;
export const stripVTControlCharacters = (text: string): string => text.replace(ESCAPES, "");
/** There is no terminal: a style changes nothing. */
export const styleText = (_: unknown, text: string): string => text;

export const aborted = (signal: Parameters<typeof onAbort>[0]): Promise<void> =>
  new Promise((resolve) => signal.aborted ? resolve() : onAbort(signal, () => resolve()));

export const _extend = Object.assign;
export { TextDecoder, TextEncoder, types };
