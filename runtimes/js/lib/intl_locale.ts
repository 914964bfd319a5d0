/** The one locale and the one time zone that are here. */
import { isArray, toJson } from "./primordials.ts";

export const LOCALE = "en-US";
const HERE = ["en-us", "en"];
const ZONES = ["utc", "etc/utc", "gmt", "etc/gmt", "etc/gmt+0", "etc/gmt-0", "+00:00"];

/** What cannot be done for want of the tables that a whole Intl has. */
export const beyond = (what: string): RangeError =>
  new RangeError(`Cannot format for ${what}: the Wasm tier has ${LOCALE} and UTC, and the VM tier has all`);

export type Locales = string | readonly string[] | undefined;

export function checkLocale(locales: Locales): void {
  if (locales === undefined) return;
  const list = isArray(locales) ? locales as readonly string[] : [`${locales}`];
  if (list.length > 0 && !HERE.includes(`${list[0]}`.toLowerCase())) throw beyond(`the locale ${toJson(`${list[0]}`)}`);
}

export function checkTimeZone(zone: string | undefined): void {
  if (zone !== undefined && !ZONES.includes(`${zone}`.toLowerCase())) {
    throw beyond(`the time zone ${toJson(`${zone}`)}`);
  }
}

/** The option's value, if it is one of these. */
export function oneOf<T>(name: string, value: T | undefined, allowed: readonly T[], otherwise: T): T {
  if (value === undefined) return otherwise;
  if (!allowed.includes(value)) throw beyond(`${name} ${String(value)}`);
  return value;
}

export interface Part {
  type: string;
  value: string;
}

export const textOf = (parts: readonly Part[]): string => parts.map(({ value }) => value).join("");
