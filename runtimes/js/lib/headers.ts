import { invalidResponse } from "./failures.ts";
import { native } from "./native.ts";
import { alias, pairIteratorOf } from "./pair_iterator.ts";
import { apply, join, ownKeys, push, splice, split } from "./primordials.ts";

/** Who may change it: nobody, when it belongs to a request that came in. */
type Guard = "none" | "immutable";

export type HeadersInit = Headers | Iterable<Iterable<string>> | Record<string, string>;

const SET_COOKIE = "set-cookie";
const INTERNAL = Symbol("headers of the engine's own");
const iteratorOf: typeof Symbol.iterator = Symbol.iterator;

/** The head of the request that came in. */
interface IncomingHead {
  readHeaders(): string;
  /** undefined: it is there more than once. */
  readHeader(name: string): string | null | undefined;
}

/** As a head has it, or as a frame does: `name\nvalue\n...`. */
type Raw = IncomingHead | string;

function parseRaw(raw: string): string[] {
  const pairs = split(raw, "\n");
  if (pairs.length % 2 === 1) pairs.length--;
  return pairs;
}

function validName(name: string): string {
  const lower = native.headerName(`${name}`);
  if (lower === null) throw invalidResponse(new TypeError(`Cannot have a header of the name ${JSON.stringify(name)}`));
  return lower;
}

function validValue(name: string, value: string): string {
  const valid = native.headerValue(`${value}`);
  if (valid === null) throw invalidResponse(new TypeError(`Cannot have this value in the header ${name}`));
  return valid;
}

/** Of the request that came in: nothing is parsed before somebody needs the list. */
let incomingHeaders: (head: IncomingHead) => Headers;
let headersFromRaw: (raw: string, guard?: Guard) => Headers;
let isHeaders: (value: unknown) => value is Headers;
/** As a frame carries them. */
let rawHeaders: (headers: Headers) => string;
/** As the methods do, whatever became of them. */
let getHeader: (headers: Headers, name: string) => string | null;
/** Only where there is none yet. */
let setDefault: (headers: Headers, name: string, value: string) => void;
let pairAt: (headers: Headers, index: number) => [string, string] | undefined;

export class Headers {
  /** Flat pairs: a name in lower case, its value. null: still in `#raw`. */
  #list: string[] | null = null;
  #raw: Raw = "";
  #guard: Guard = "none";
  /** Lets an iterator see that the list has changed under it. */
  #version = 0;
  #sortedVersion = -1;
  #sortedPairs: [string, string][] = [];

  constructor(init?: HeadersInit);
  constructor(init?: HeadersInit | typeof INTERNAL, raw?: Raw, guard?: Guard) {
    if (init === INTERNAL) {
      this.#raw = raw!;
      this.#guard = guard!;
      return;
    }
    this.#list = [];
    if (init === undefined) return;
    if (init === null || (typeof init !== "object" && typeof init !== "function")) {
      throw new TypeError("Cannot make headers of what is no object");
    }
    this.#fill(init);
  }

  static {
    const make = Headers as unknown as new (secret: typeof INTERNAL, raw: Raw, guard: Guard) => Headers;
    incomingHeaders = (head) => new make(INTERNAL, head, "immutable");
    headersFromRaw = (raw, guard = "none") => new make(INTERNAL, raw, guard);
    isHeaders = (value): value is Headers => typeof value === "object" && value !== null && #list in value;
    rawHeaders = (headers) => {
      const list = headers.#list;
      if (list !== null) return list.length === 0 ? "" : join(list, "\n") + "\n";
      return typeof headers.#raw === "string" ? headers.#raw : headers.#raw.readHeaders();
    };
    getHeader = (headers, name) => headers.#get(name);
    setDefault = (headers, name, value) => {
      if (!headers.#has(name)) headers.#append(name, value);
    };
    pairAt = (headers, index) => {
      if (headers.#sortedVersion !== headers.#version) {
        headers.#sortedPairs = headers.#sorted();
        headers.#sortedVersion = headers.#version;
      }
      return headers.#sortedPairs[index];
    };
  }

  #fill(init: HeadersInit): void {
    if (isHeaders(init) && init[iteratorOf] === Headers.prototype[iteratorOf]) {
      const source = init.#pairs();
      for (let i = 0; i < source.length; i++) push(this.#list!, source[i]);
      return;
    }
    const iterate = (init as Iterable<unknown>)[iteratorOf];
    if (iterate !== undefined && iterate !== null) return this.#fillFromPairs(init as Iterable<Iterable<string>>);
    const keys = ownKeys(init);
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as string;
      if (!Object.getOwnPropertyDescriptor(init, key)?.enumerable) continue;
      if (typeof key === "symbol") throw new TypeError("Cannot have a header whose name is a symbol");
      this.#append(key, (init as Record<string, string>)[key]);
    }
  }

  #fillFromPairs(init: Iterable<Iterable<string>>): void {
    for (const pair of init) {
      const [name, value, ...more] = pair;
      if (value === undefined || more.length > 0) throw new TypeError("Cannot make a header of what is no pair");
      this.#append(name, value);
    }
  }

  #pairs(): string[] {
    return this.#list ??= parseRaw(rawHeaders(this));
  }

  #change(): string[] {
    if (this.#guard === "immutable") throw new TypeError("Cannot change these headers: they are immutable");
    this.#version++;
    return this.#pairs();
  }

  append(name: string, value: string): void {
    this.#append(name, value);
  }

  #append(name: string, value: string): void {
    const lower = validName(name);
    const valid = validValue(lower, value);
    const list = this.#change();
    push(list, lower);
    push(list, valid);
  }

  delete(name: string): void {
    const lower = validName(name);
    const list = this.#change();
    for (let i = list.length - 2; i >= 0; i -= 2) {
      if (list[i] === lower) splice(list, i, 2);
    }
  }

  get(name: string): string | null {
    return this.#get(name);
  }

  #get(name: string): string | null {
    const lower = validName(name);
    if (this.#list === null && typeof this.#raw !== "string") {
      const value = this.#raw.readHeader(lower);
      if (value !== undefined) return value;
    }
    const list = this.#pairs();
    let found: string | null = null;
    for (let i = 0; i < list.length; i += 2) {
      if (list[i] === lower) found = found === null ? list[i + 1] : `${found}, ${list[i + 1]}`;
    }
    return found;
  }

  has(name: string): boolean {
    return this.#has(name);
  }

  #has(name: string): boolean {
    const lower = validName(name);
    if (this.#list === null && typeof this.#raw !== "string") return this.#raw.readHeader(lower) !== null;
    const list = this.#pairs();
    for (let i = 0; i < list.length; i += 2) {
      if (list[i] === lower) return true;
    }
    return false;
  }

  set(name: string, value: string): void {
    this.#set(name, value);
  }

  #set(name: string, value: string): void {
    const lower = validName(name);
    const valid = validValue(lower, value);
    const list = this.#change();
    for (let i = 0; i < list.length; i += 2) {
      if (list[i] !== lower) continue;
      list[i + 1] = valid;
      for (let j = list.length - 2; j > i; j -= 2) {
        if (list[j] === lower) splice(list, j, 2);
      }
      return;
    }
    push(list, lower);
    push(list, valid);
  }

  getSetCookie(): string[] {
    const list = this.#pairs();
    const cookies: string[] = [];
    for (let i = 0; i < list.length; i += 2) {
      if (list[i] === SET_COOKIE) push(cookies, list[i + 1]);
    }
    return cookies;
  }

  forEach(callback: (value: string, name: string, headers: Headers) => void, thisArg?: unknown): void {
    if (typeof callback !== "function") throw new TypeError("Cannot call what is no function for each header");
    for (const [name, value] of this) apply(callback, thisArg, [value, name, this]);
  }

  /** By name; values of one name combined, but each cookie for itself. */
  #sorted(): [string, string][] {
    const list = this.#pairs();
    const combined = new Map<string, string>();
    const cookies: [string, string][] = [];
    for (let i = 0; i < list.length; i += 2) {
      const [name, value] = [list[i], list[i + 1]];
      if (name === SET_COOKIE) cookies.push([name, value]);
      else combined.set(name, combined.has(name) ? `${combined.get(name)}, ${value}` : value);
    }
    // A stable sort: cookies keep the order in which they were set.
    return [...combined, ...cookies].sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
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
}

const iterator = pairIteratorOf("Headers", pairAt);
alias(Headers.prototype, "entries");

export { getHeader, headersFromRaw, incomingHeaders, isHeaders, rawHeaders, setDefault };
