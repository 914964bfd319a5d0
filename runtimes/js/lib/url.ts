/**
 * URL. The parser is the npm package whatwg-url, the standard's reference. Most URLs that a server sees are as
 * parsing would leave them: the engine finds their parts in one pass, and the parser never runs.
 */
import * as parser from "whatwg-url/lib/url-state-machine.js";
import type { Blob } from "./blob.ts";
import { native } from "./native.ts";
import { createObjectURL, revokeObjectURL } from "./object_urls.ts";
import { attachQuery, newQuery, replaceQuery, type URLSearchParams } from "./url_search_params.ts";

/** The parser's own record of a URL. */
interface URLRecord {
  scheme: string;
  username: string;
  password: string;
  host: unknown;
  port: number | null;
  path: string | string[];
  query: string | null;
  fragment: string | null;
}

/** Where the parts of a plain URL end: protocol, host name, port, path, query. */
type Ends = number[];

const parseRecord = (text: string, base: URLRecord | null): URLRecord | null =>
  parser.basicURLParse(text, { baseURL: base }) as URLRecord | null;

/** The normal form of what is plain but for its path, which may be missing; null: the parser has to look at it. */
function plainForm(text: string): { href: string; ends: Ends } | null {
  let href = text;
  let ends = native.urlScan(href);
  if (ends === null) ends = native.urlScan(href = text + "/");
  return ends === null ? null : { href, ends };
}

/** The URL in its normal form, or null when it is none. */
export function parseUrl(text: string): string | null {
  const plain = plainForm(text);
  if (plain !== null) return plain.href;
  const record = parseRecord(text, null);
  return record === null ? null : parser.serializeURL(record);
}

function parseWithBase(text: string, base: string | undefined): URLRecord | null {
  if (base === undefined) return parseRecord(text, null);
  const baseRecord = parseRecord(base, null);
  return baseRecord === null ? null : parseRecord(text, baseRecord);
}

/** An empty part is not shown with its delimiter. */
const shown = (part: string): string => part.length > 1 ? part : "";

export class URL {
  /** The normal form, when `#ends` are its parts. */
  #href = "";
  #ends: Ends | null = null;
  #record: URLRecord | null = null;
  #query: URLSearchParams | null = null;

  constructor(url: string | URL, base?: string | URL) {
    if (arguments.length === 0) throw new TypeError("Cannot make a URL of nothing");
    const text = `${url}`;
    const plain = plainForm(text);
    if (plain !== null && (base === undefined || native.urlScan(`${base}`) !== null)) {
      this.#href = plain.href;
      this.#ends = plain.ends;
      return;
    }
    this.#record = parseWithBase(text, base === undefined ? undefined : `${base}`);
    if (this.#record === null) {
      throw new TypeError(`Invalid URL: '${text}'${base === undefined ? "" : ` with base '${base}'`}`);
    }
  }

  static parse(url: string | URL, base?: string | URL): URL | null {
    try {
      return new URL(url, base);
    } catch {
      return null;
    }
  }

  static createObjectURL(blob: Blob): string {
    return createObjectURL(blob);
  }

  static revokeObjectURL(url: string): void {
    revokeObjectURL(url);
  }

  static canParse(url: string | URL, base?: string | URL): boolean {
    return parseWithBase(`${url}`, base === undefined ? undefined : `${base}`) !== null;
  }

  #part(from: number, to: number): string {
    const ends = this.#ends!;
    return this.#href.slice(from < 0 ? 0 : ends[from], to === ends.length ? undefined : ends[to]);
  }

  /** For what a plain URL has not, and for every change. */
  #full(): URLRecord {
    if (this.#record === null) {
      this.#record = parseRecord(this.#href, null);
      this.#ends = null;
    }
    return this.#record!;
  }

  #change(value: string, stateOverride: string): void {
    parser.basicURLParse(value, { url: this.#full(), stateOverride });
  }

  get href(): string {
    return this.#ends !== null ? this.#href : parser.serializeURL(this.#full());
  }
  set href(value: string) {
    const record = parseRecord(`${value}`, null);
    if (record === null) throw new TypeError(`Invalid URL: '${value}'`);
    this.#record = record;
    this.#ends = null;
    this.#replaceQuery();
  }
  get origin(): string {
    return this.#ends !== null ? this.#part(-1, 2) : parser.serializeURLOrigin(this.#full());
  }
  get protocol(): string {
    return this.#ends !== null ? this.#href.slice(0, this.#ends[0]) : `${this.#full().scheme}:`;
  }
  set protocol(value: string) {
    this.#change(`${value}:`, "scheme start");
  }
  get username(): string {
    return this.#ends !== null ? "" : this.#full().username;
  }
  set username(value: string) {
    const record = this.#full();
    if (!parser.cannotHaveAUsernamePasswordPort(record)) parser.setTheUsername(record, `${value}`);
  }
  get password(): string {
    return this.#ends !== null ? "" : this.#full().password;
  }
  set password(value: string) {
    const record = this.#full();
    if (!parser.cannotHaveAUsernamePasswordPort(record)) parser.setThePassword(record, `${value}`);
  }
  get host(): string {
    if (this.#ends !== null) return this.#href.slice(this.#ends[0] + 2, this.#ends[2]);
    const { host, port } = this.#full();
    if (host === null) return "";
    return port === null ? parser.serializeHost(host) : `${parser.serializeHost(host)}:${port}`;
  }
  set host(value: string) {
    if (!parser.hasAnOpaquePath(this.#full())) this.#change(`${value}`, "host");
  }
  get hostname(): string {
    if (this.#ends !== null) return this.#href.slice(this.#ends[0] + 2, this.#ends[1]);
    const { host } = this.#full();
    return host === null ? "" : parser.serializeHost(host);
  }
  set hostname(value: string) {
    if (!parser.hasAnOpaquePath(this.#full())) this.#change(`${value}`, "hostname");
  }
  get port(): string {
    if (this.#ends !== null) return this.#href.slice(this.#ends[1] + 1, this.#ends[2]);
    const { port } = this.#full();
    return port === null ? "" : `${port}`;
  }
  set port(value: string) {
    const record = this.#full();
    if (parser.cannotHaveAUsernamePasswordPort(record)) return;
    if (`${value}` === "") record.port = null;
    else this.#change(`${value}`, "port");
  }
  get pathname(): string {
    return this.#ends !== null ? this.#part(2, 3) : parser.serializePath(this.#full());
  }
  set pathname(value: string) {
    const record = this.#full();
    if (parser.hasAnOpaquePath(record)) return;
    record.path = [];
    this.#change(`${value}`, "path start");
  }
  get search(): string {
    if (this.#ends !== null) return shown(this.#part(3, 4));
    const { query } = this.#full();
    return query === null ? "" : shown(`?${query}`);
  }
  set search(value: string) {
    const record = this.#full();
    const text = `${value}`;
    if (text === "") {
      record.query = null;
    } else {
      record.query = "";
      this.#change(text[0] === "?" ? text.slice(1) : text, "query");
    }
    this.#replaceQuery();
  }
  get searchParams(): URLSearchParams {
    if (this.#query === null) {
      this.#query = newQuery(this.search);
      attachQuery(this.#query, (text) => this.#full().query = text === "" ? null : text);
    }
    return this.#query;
  }
  get hash(): string {
    if (this.#ends !== null) return shown(this.#part(4, 5));
    const { fragment } = this.#full();
    return fragment === null ? "" : shown(`#${fragment}`);
  }
  set hash(value: string) {
    const record = this.#full();
    const text = `${value}`;
    if (text === "") {
      record.fragment = null;
      return;
    }
    record.fragment = "";
    this.#change(text[0] === "#" ? text.slice(1) : text, "fragment");
  }

  toString(): string {
    return this.href;
  }
  toJSON(): string {
    return this.href;
  }

  #replaceQuery(): void {
    if (this.#query !== null) replaceQuery(this.#query, this.search);
  }
}
