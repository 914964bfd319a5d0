/** Intl, as far as en-US and UTC need it, and what of the language is made of it. */
import { type DateOptions, DateTimeFormat } from "./intl_date.ts";
import type { Locales } from "./intl_locale.ts";
import { NumberFormat, type NumberOptions } from "./intl_number.ts";

function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: true, enumerable: false, configurable: true });
}

/** Each may be called without `new`, says the standard. */
function callable<T extends new (...args: never[]) => object>(name: string, constructor: T): T {
  const proxy = new Proxy(constructor, { apply: (target, _, args) => Reflect.construct(target, args) });
  define(constructor.prototype, "constructor", proxy);
  define(constructor, "name", name);
  Object.defineProperty(constructor.prototype, Symbol.toStringTag, { value: `Intl.${name}`, configurable: true });
  return proxy;
}

export const Intl = {};
Object.defineProperty(Intl, Symbol.toStringTag, { value: "Intl", configurable: true });
define(Intl, "DateTimeFormat", callable("DateTimeFormat", DateTimeFormat));
define(Intl, "NumberFormat", callable("NumberFormat", NumberFormat));
define(Intl, "getCanonicalLocales", (locales: Locales) => NumberFormat.supportedLocalesOf(locales));

const INVALID = "Invalid Date";
const isInvalid = (date: Date): boolean => Number.isNaN(date.getTime());

const methods: [target: object, methods: object][] = [
  [Number.prototype, {
    toLocaleString(this: number, locales?: Locales, options?: NumberOptions): string {
      return new NumberFormat(locales, options).format(Number(this));
    },
  }],
  [BigInt.prototype, {
    toLocaleString(this: bigint, locales?: Locales, options?: NumberOptions): string {
      return new NumberFormat(locales, options).format(BigInt(this));
    },
  }],
  [Date.prototype, {
    toLocaleString(this: Date, locales?: Locales, options?: DateOptions): string {
      return isInvalid(this) ? INVALID : new DateTimeFormat(locales, options, "any", "all").format(this);
    },
    toLocaleDateString(this: Date, locales?: Locales, options?: DateOptions): string {
      return isInvalid(this) ? INVALID : new DateTimeFormat(locales, options, "date", "date").format(this);
    },
    toLocaleTimeString(this: Date, locales?: Locales, options?: DateOptions): string {
      return isInvalid(this) ? INVALID : new DateTimeFormat(locales, options, "time", "time").format(this);
    },
  }],
];
for (const [target, own] of methods) {
  for (const [name, value] of Object.entries(own)) define(target, name, value);
}
