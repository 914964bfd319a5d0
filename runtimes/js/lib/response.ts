import { type BodyInit, type BodySlot, cloneBody, isUnusable, mixInBody, payloadOf } from "./body.ts";
import { invalidResponse } from "./failures.ts";
import { getHeader, Headers, headersFromRaw, type HeadersInit, rawHeaders, setDefault } from "./headers.ts";
import { dictionary } from "./dictionary.ts";
import { type Payload, TextBody } from "./payload.ts";
import { toJson } from "./primordials.ts";
import { shareFields } from "./shared_fields.ts";
import { textOf } from "./text_of.ts";
import { parseUrl } from "./url.ts";

export interface ResponseInit {
  status?: number;
  statusText?: string;
  headers?: HeadersInit;
}

type ResponseType = "default" | "basic" | "error";

/** Nothing but the body's content type, until somebody asks for more. */
class State implements BodySlot {
  declare payload: Payload | null;
  declare raw: string;
  declare used: boolean;
  declare status: number;
  declare statusText: string;
  declare type: ResponseType;
  declare url: string;
  declare redirected: boolean;
  /** null: `raw` is all there is. */
  declare headers: Headers | null;

  constructor(payload: Payload | null, raw: string) {
    this.payload = payload;
    this.raw = raw;
  }

  contentType(): string | null {
    return getHeader(headersOf(this), "content-type");
  }
}

shareFields(State, {
  used: false,
  status: 200,
  statusText: "",
  type: "default",
  url: "",
  redirected: false,
  headers: null,
});

const headersOf = (state: State): Headers => state.headers ??= headersFromRaw(state.raw);

const REASON_PHRASE = /^[\t\x20-\x7e\x80-\xff]*$/;
const REDIRECTS = [301, 302, 303, 307, 308];
const JSON_TYPE = "application/json";
const INTERNAL = Symbol("a response of the engine's own");

export const isNullBodyStatus = (status: number): boolean => status === 204 || status === 205 || status === 304;
const contentType = (type: string): string => "content-type\n" + type + "\n";

let stateOf: (response: Response) => State;
let isResponse: (value: unknown) => value is Response;

const bodyNotAllowed = (status: number) =>
  invalidResponse(new TypeError(`Cannot make a response of status ${status} with a body`));

function validStatus(status: unknown): number {
  const code = (status as number) & 0xffff;
  if (code < 200 || code > 599) {
    throw invalidResponse(new RangeError(`Cannot make a response: its status is ${String(status)}, not 200 to 599`));
  }
  return code;
}

/** Reads each member once, in the order of their names. */
function initialize(state: State, { headers: givenHeaders, status, statusText }: ResponseInit): void {
  if (status !== undefined) state.status = validStatus(status);
  if (statusText !== undefined) {
    state.statusText = textOf(statusText);
    if (state.statusText !== "" && !REASON_PHRASE.test(state.statusText)) {
      throw invalidResponse(new TypeError("Cannot make a response: its status text is invalid"));
    }
  }
  if (state.payload !== null && isNullBodyStatus(state.status)) {
    throw bodyNotAllowed(state.status);
  }
  if (givenHeaders === undefined) return;
  const type = state.payload?.type ?? null;
  const headers = new Headers(givenHeaders);
  if (type !== null) setDefault(headers, "content-type", type);
  state.headers = headers;
}

export class Response {
  readonly #state: State;

  constructor(body?: BodyInit | null, init?: ResponseInit);
  constructor(body?: BodyInit | null | State, init?: ResponseInit | typeof INTERNAL) {
    if (init === INTERNAL) {
      this.#state = body as State;
      return;
    }
    const payload = body === undefined || body === null ? null : payloadOf(body as BodyInit);
    const type = payload === null ? null : payload.type;
    this.#state = new State(payload, type === null ? "" : contentType(type));
    if (init !== undefined && init !== null) initialize(this.#state, dictionary(init));
  }

  static error(): Response {
    const state = new State(null, "");
    state.type = "error";
    state.status = 0;
    const headers = headersFromRaw("", "immutable");
    state.headers = headers;
    return makeResponse(state);
  }

  static json(data: unknown, init?: ResponseInit): Response {
    const text = toJson(data);
    if (text === undefined) throw new TypeError("Cannot make a response: its data has no form in JSON");
    const response = new Response(null, init);
    const state = response.#state;
    state.payload = new TextBody(text, JSON_TYPE);
    if (isNullBodyStatus(state.status)) throw bodyNotAllowed(state.status);
    if (state.headers === null) state.raw = contentType(JSON_TYPE);
    else setDefault(state.headers, "content-type", JSON_TYPE);
    return response;
  }

  static redirect(url: string, status = 302): Response {
    const parsed = parseUrl(`${url}`);
    if (parsed === null) throw new TypeError(`Cannot redirect to ${JSON.stringify(url)}: it is no URL`);
    const code = Number(status) & 0xffff;
    if (!REDIRECTS.includes(code)) throw new RangeError(`Cannot redirect with status ${status}`);
    const state = new State(null, "");
    state.status = code;
    state.headers = headersFromRaw(`location\n${parsed}\n`, "immutable");
    return makeResponse(state);
  }

  get type(): ResponseType {
    return this.#state.type;
  }
  get url(): string {
    return this.#state.url;
  }
  get redirected(): boolean {
    return this.#state.redirected;
  }
  get status(): number {
    return this.#state.status;
  }
  get ok(): boolean {
    const { status } = this.#state;
    return status >= 200 && status <= 299;
  }
  get statusText(): string {
    return this.#state.statusText;
  }
  get headers(): Headers {
    return headersOf(this.#state);
  }

  clone(): Response {
    const state = this.#state;
    if (isUnusable(state)) throw new TypeError("Cannot clone a response whose body was read or is locked");
    const copy = new State(cloneBody(state), rawHeaders(headersOf(state)));
    copy.status = state.status;
    copy.statusText = state.statusText;
    copy.type = state.type;
    copy.url = state.url;
    copy.redirected = state.redirected;
    return makeResponse(copy);
  }

  static {
    stateOf = (response) => response.#state;
    isResponse = (value): value is Response => typeof value === "object" && value !== null && #state in value;
  }
}

const makeResponse = (state: State): Response =>
  new (Response as unknown as new (state: State, secret: typeof INTERNAL) => Response)(state, INTERNAL);

mixInBody(Response.prototype, (self) => stateOf(self as Response));

export interface Fetched {
  readonly status: number;
  readonly statusText: string;
  /** `name\nvalue\n...` */
  readonly headers: string;
  readonly url: string;
  readonly redirected: boolean;
  readonly payload: Payload | null;
}

/** The response of a server. */
export function fetchedResponse({ status, statusText, headers, url, redirected, payload }: Fetched): Response {
  const state = new State(payload, "");
  state.type = "basic";
  state.status = status;
  state.statusText = statusText;
  state.headers = headersFromRaw(headers, "immutable");
  state.url = url;
  state.redirected = redirected;
  return makeResponse(state);
}

/** As a frame carries them. */
export function rawResponseHeaders(response: Response): string {
  const { headers, raw } = stateOf(response);
  return headers === null ? raw : rawHeaders(headers);
}

export { isResponse, stateOf as responseState };
