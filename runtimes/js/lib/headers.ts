import { invalidResponse } from "./failures.ts";
import { native } from "./native.ts";
import { alias, pairIteratorOf } from "./pair_iterator.ts";
import { apply, isArray, isEnumerable, join, ownKeys, push, splice, split } from "./primordials.ts";
import { textOf } from "./text_of.ts";

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
  if (raw === "") return [];
  const pairs = split(raw, "\n");
  if (pairs.length % 2 === 1) pairs.length--;
  return pairs;
}

function validName(name: string): string {
  const lower = native.headerName(textOf(name));
  if (lower === null) throw invalidResponse(new TypeError(`Cannot have a header of the name ${JSON.stringify(name)}`));
  return lower;
}

function validValue(name: string, value: string): string {
  const valid = native.headerValue(textOf(value));
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
  /** Flat pairs, a name in lower case and its value; or what they come from, before somebody needs them. */
  #content: string[] | Raw = "";
  #guard: Guard = "none";
  /** What iterators walk on: null, it was not asked for since the last change. */
  #sorted: [string, string][] | null = null;

  constructor(init?: HeadersInit);
  constructor(init?: HeadersInit | typeof INTERNAL, raw?: Raw, guard?: Guard) {
    if (init === INTERNAL) {
      this.#content = raw!;
      this.#guard = guard!;
      return;
    }
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
    isHeaders = (value): value is Headers => typeof value === "object" && value !== null && #content in value;
    rawHeaders = (headers) => {
      const content = headers.#content;
      if (typeof content === "string") return content;
      if (!isArray(content)) return content.readHeaders();
      return content.length === 0 ? "" : join(content, "\n") + "\n";
    };
    getHeader = (headers, name) => headers.#get(name);
    setDefault = (headers, name, value) => {
      if (!headers.#has(name)) headers.#append(name, value);
    };
    pairAt = (headers, index) => (headers.#sorted ??= headers.#sort())[index];
  }

  #fill(init: HeadersInit): void {
    if (isHeaders(init) && init[iteratorOf] === Headers.prototype[iteratorOf]) {
      this.#content = init.#copy();
      return;
    }
    const iterate = (init as Iterable<unknown>)[iteratorOf];
    if (iterate !== undefined && iterate !== null) return this.#fillFromPairs(init as Iterable<Iterable<string>>);
    const keys = ownKeys(init);
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as string;
      if (!isEnumerable(init, key)) continue;
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
    const content = this.#content;
    return isArray(content) ? content : this.#content = parseRaw(rawHeaders(this));
  }

  /** Text is shared. */
  #copy(): string[] | string {
    const content = this.#content;
    if (!isArray(content)) return rawHeaders(this);
    const copy: string[] = [];
    for (let i = 0; i < content.length; i++) copy[i] = content[i];
    return copy;
  }

  #change(): string[] {
    if (this.#guard === "immutable") throw new TypeError("Cannot change these headers: they are immutable");
    this.#sorted = null;
    return this.#pairs();
  }

  append(name: string, value: string): void {
    this.#append(name, value);
  }

  #append(name: string, value: string): void {
    const lower = validName(name);
    const valid = validValue(lower, value);
    const list = this.#change();
    list[list.length] = lower;
    list[list.length] = valid;
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
    const content = this.#content;
    if (typeof content !== "string" && !isArray(content)) {
      const value = content.readHeader(lower);
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
    const content = this.#content;
    if (typeof content !== "string" && !isArray(content)) return content.readHeader(lower) !== null;
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
    list[list.length] = lower;
    list[list.length] = valid;
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
  #sort(): [string, string][] {
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
