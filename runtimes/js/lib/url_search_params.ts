import { native } from "./native.ts";
import { alias, pairIteratorOf } from "./pair_iterator.ts";
import { apply, push } from "./primordials.ts";

type Pair = [name: string, value: string];
type Init = Iterable<Iterable<string>> | Record<string, string> | string | URLSearchParams;

const HEX = "0123456789ABCDEF";

/** A byte that stands for itself: `*-._`, digits, letters. */
const isPlain = (byte: number): boolean =>
  (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x30 && byte <= 0x39) ||
  byte === 0x2a || byte === 0x2d || byte === 0x2e || byte === 0x5f;

const PLAIN_TEXT = /^[\w*.-]*$/;

function encodePart(text: string): string {
  if (PLAIN_TEXT.test(text)) return text;
  const bytes = native.utf8Encode(text);
  let encoded = "";
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (isPlain(byte)) encoded += String.fromCharCode(byte);
    else encoded += byte === 0x20 ? "+" : `%${HEX[byte >> 4]}${HEX[byte & 15]}`;
  }
  return encoded;
}

const hexDigit = (code: number): number =>
  code >= 0x30 && code <= 0x39
    ? code - 0x30
    : (code | 0x20) >= 0x61 && (code | 0x20) <= 0x66
    ? (code | 0x20) - 0x57
    : -1;

function decodePart(part: string): string {
  const text = part.includes("+") ? part.replaceAll("+", " ") : part;
  if (!text.includes("%")) return text.toWellFormed();
  const bytes = native.utf8Encode(text);
  let length = 0;
  for (let i = 0; i < bytes.length; i++) {
    const high = bytes[i] === 0x25 ? hexDigit(bytes[i + 1]) : -1;
    const low = high >= 0 ? hexDigit(bytes[i + 2]) : -1;
    if (low >= 0) i += 2;
    bytes[length++] = low >= 0 ? high * 16 + low : bytes[i];
  }
  return native.utf8Decode(bytes.subarray(0, length), false)!;
}

/** As the URL standard has application/x-www-form-urlencoded. */
export function parseQuery(text: string): Pair[] {
  const pairs: Pair[] = [];
  for (const part of text.split("&")) {
    if (part === "") continue;
    const at = part.indexOf("=");
    if (at < 0) push(pairs, [decodePart(part), ""]);
    else push(pairs, [decodePart(part.slice(0, at)), decodePart(part.slice(at + 1))]);
  }
  return pairs;
}

const serialize = (pairs: readonly Pair[]): string =>
  pairs.map(([name, value]) => `${encodePart(name)}=${encodePart(value)}`).join("&");

const withoutMark = (text: string): string => text[0] === "?" ? text.slice(1) : text;
const string = (value: unknown): string => `${value}`.toWellFormed();

function pairsOf(init: Init): Pair[] {
  if (typeof init !== "object" && typeof init !== "function") return parseQuery(withoutMark(string(init)));
  if ((init as Iterable<unknown>)[Symbol.iterator] === undefined) {
    const pairs = new Map<string, string>();
    for (const key of Reflect.ownKeys(init)) {
      if (!Object.getOwnPropertyDescriptor(init, key)?.enumerable) continue;
      if (typeof key === "symbol") throw new TypeError("Cannot have a parameter whose name is a symbol");
      pairs.set(string(key), string((init as Record<string, string>)[key]));
    }
    return [...pairs];
  }
  const pairs: Pair[] = [];
  for (const entry of init as Iterable<Iterable<string>>) {
    const [name, value, ...more] = entry;
    if (value === undefined || more.length > 0) throw new TypeError("Cannot make a parameter of what is no pair");
    push(pairs, [string(name), string(value)]);
  }
  return pairs;
}

/** Tells the URL that a query belongs to of every change. */
let attachQuery: (query: URLSearchParams, onChange: (text: string) => void) => void;
/** The URL's own query has changed. */
let replaceQuery: (query: URLSearchParams, search: string) => void;
let isURLSearchParams: (value: unknown) => value is URLSearchParams;
let pairAt: (query: URLSearchParams, index: number) => Pair | undefined;

export class URLSearchParams {
  #pairs: Pair[];
  #onChange: ((text: string) => void) | null = null;

  constructor(init: Init = "") {
    this.#pairs = pairsOf(init);
  }

  get size(): number {
    return this.#pairs.length;
  }

  append(name: string, value: string): void {
    push(this.#pairs, [string(name), string(value)]);
    this.#changed();
  }

  delete(name: string, value?: string): void {
    const [key, wanted] = [string(name), value === undefined ? undefined : string(value)];
    this.#pairs = this.#pairs.filter((pair) => pair[0] !== key || (wanted !== undefined && pair[1] !== wanted));
    this.#changed();
  }

  get(name: string): string | null {
    const key = string(name);
    return this.#pairs.find((pair) => pair[0] === key)?.[1] ?? null;
  }

  getAll(name: string): string[] {
    const key = string(name);
    return this.#pairs.filter((pair) => pair[0] === key).map((pair) => pair[1]);
  }

  has(name: string, value?: string): boolean {
    const [key, wanted] = [string(name), value === undefined ? undefined : string(value)];
    return this.#pairs.some((pair) => pair[0] === key && (wanted === undefined || pair[1] === wanted));
  }

  set(name: string, value: string): void {
    const [key, text] = [string(name), string(value)];
    const first = this.#pairs.find((pair) => pair[0] === key);
    if (first === undefined) {
      push(this.#pairs, [key, text]);
    } else {
      first[1] = text;
      this.#pairs = this.#pairs.filter((pair) => pair === first || pair[0] !== key);
    }
    this.#changed();
  }

  sort(): void {
    // By code units, which is what `<` compares; the sort is stable.
    this.#pairs.sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
    this.#changed();
  }

  forEach(callback: (value: string, name: string, query: URLSearchParams) => void, thisArg?: unknown): void {
    if (typeof callback !== "function") throw new TypeError("Cannot call what is no function for each parameter");
    for (let i = 0; i < this.#pairs.length; i++) apply(callback, thisArg, [this.#pairs[i][1], this.#pairs[i][0], this]);
  }

  entries(): IterableIterator<[string, string]> {
    return iterator.entries(this);
  }
  keys(): IterableIterator<string> {
    return iterator.keys(this);
  }
  values(): IterableIterator<string> {
    return iterator.values(this);
  }
  declare [Symbol.iterator]: () => IterableIterator<[string, string]>;

  toString(): string {
    return serialize(this.#pairs);
  }

  #changed(): void {
    this.#onChange?.(serialize(this.#pairs));
  }

  static {
    attachQuery = (query, onChange) => query.#onChange = onChange;
    replaceQuery = (query, search) => query.#pairs = parseQuery(withoutMark(search));
    isURLSearchParams = (value): value is URLSearchParams =>
      typeof value === "object" && value !== null && #pairs in value;
    pairAt = (query, index) => query.#pairs[index];
  }
}

const iterator = pairIteratorOf("URLSearchParams", pairAt);
alias(URLSearchParams.prototype, "entries");

/** Of a URL's search, with its question mark. */
export const newQuery = (search: string): URLSearchParams => new URLSearchParams(search);

export { attachQuery, isURLSearchParams, replaceQuery };
