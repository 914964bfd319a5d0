import { AbortSignal, newSignal } from "./abort.ts";
import { type BodyInit, type BodySlot, cloneBody, isUnusable, mixInBody, payloadOf } from "./body.ts";
import { dictionary } from "./dictionary.ts";
import type { Exchange } from "./exchange.ts";
import {
  getHeader,
  Headers,
  headersFromRaw,
  type HeadersInit,
  incomingHeaders,
  rawHeaders,
  setDefault,
} from "./headers.ts";
import { IncomingBody } from "./incoming_body.ts";
import { type Bytes, native } from "./native.ts";
import { type Payload, StreamBody } from "./payload.ts";
import { upperCase } from "./primordials.ts";
import { shareFields } from "./shared_fields.ts";
import { TransformStream } from "./streams.ts";
import { parseUrl } from "./url.ts";

export interface RequestInit {
  method?: string;
  headers?: HeadersInit;
  body?: BodyInit | null;
  signal?: AbortSignal | null;
  redirect?: string;
  cache?: string;
  credentials?: string;
  mode?: string;
  referrer?: string;
  referrerPolicy?: string;
  integrity?: string;
  keepalive?: boolean;
  duplex?: "half";
}

/** Of a request that came in everything is asked of its exchange when it is needed. */
class State implements BodySlot {
  declare exchange: Exchange | null;
  declare method: string | null;
  declare url: string | null;
  declare payload: Payload | null;
  declare used: boolean;
  declare headers: Headers | null;
  declare signal: AbortSignal | null;
  declare init: RequestInit | null;

  contentType(): string | null {
    return getHeader(headersOf(this), "content-type");
  }
}

shareFields(State, {
  exchange: null,
  method: null,
  url: null,
  payload: null,
  used: false,
  headers: null,
  signal: null,
  init: null,
});

function incomingState(exchange: Exchange): State {
  const state = new State();
  state.exchange = exchange;
  return state;
}

function stateFor(method: string, url: string): State {
  const state = new State();
  state.method = method;
  state.url = url;
  return state;
}

const headersOf = (state: State): Headers =>
  state.headers ??= state.exchange !== null ? incomingHeaders(state.exchange) : headersFromRaw("");
const methodOf = (state: State): string => state.method ??= state.exchange!.method;
const urlOf = (state: State): string => state.url ??= state.exchange!.url;
const signalOf = (state: State): AbortSignal =>
  state.signal ??= state.exchange !== null ? state.exchange.signal : newSignal();

const INTERNAL = Symbol("the request that came in");
const NORMALIZED = ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"];
const FORBIDDEN = ["CONNECT", "TRACE", "TRACK"];

function validMethod(method: string): string {
  if (native.headerName(method) === null) {
    throw new TypeError(`Cannot make a request: its method is ${JSON.stringify(method)}`);
  }
  const upper = upperCase(method);
  if (FORBIDDEN.includes(upper)) throw new TypeError(`Cannot make a request of the method ${upper}`);
  return NORMALIZED.includes(upper) ? upper : method;
}

let stateOf: (request: Request) => State;

export class Request {
  readonly #state: State;

  constructor(input: Request | string | URL, init?: RequestInit);
  constructor(input: Request | string | URL | Exchange, init?: RequestInit | typeof INTERNAL) {
    if (init === INTERNAL) {
      this.#state = incomingState(input as Exchange);
      return;
    }
    const state = typeof input === "object" && input !== null && #state in input
      ? copyOf(input as Request)
      : stateFor("GET", validUrl(`${input}`));
    initialize(state, dictionary(init as RequestInit | undefined), input);
    this.#state = state;
  }

  get method(): string {
    return methodOf(this.#state);
  }
  get url(): string {
    return urlOf(this.#state);
  }
  get headers(): Headers {
    return headersOf(this.#state);
  }
  get signal(): AbortSignal {
    return signalOf(this.#state);
  }
  get destination(): string {
    return "";
  }
  get redirect(): string {
    return this.#state.init?.redirect ?? "follow";
  }
  get cache(): string {
    return this.#state.init?.cache ?? "default";
  }
  get credentials(): string {
    return this.#state.init?.credentials ?? "same-origin";
  }
  get mode(): string {
    return this.#state.init?.mode ?? "cors";
  }
  get referrer(): string {
    return this.#state.init?.referrer ?? "about:client";
  }
  get referrerPolicy(): string {
    return this.#state.init?.referrerPolicy ?? "";
  }
  get integrity(): string {
    return this.#state.init?.integrity ?? "";
  }
  get keepalive(): boolean {
    return Boolean(this.#state.init?.keepalive);
  }
  get duplex(): string {
    return "half";
  }
  get isHistoryNavigation(): boolean {
    return false;
  }
  get isReloadNavigation(): boolean {
    return false;
  }

  clone(): Request {
    const state = this.#state;
    if (isUnusable(state)) throw new TypeError("Cannot clone a request whose body was read or is locked");
    const copy = new Request(urlOf(state));
    const target = copy.#state;
    target.method = methodOf(state);
    target.headers = headersFromRaw(rawHeaders(headersOf(state)));
    target.signal = AbortSignal.any([signalOf(state)]);
    target.init = state.init;
    target.payload = cloneBody(state);
    return copy;
  }

  static {
    stateOf = (request) => request.#state;
  }
}

function validUrl(text: string): string {
  const url = parseUrl(text);
  if (url === null) throw new TypeError(`Cannot make a request: ${JSON.stringify(text)} is no absolute URL`);
  return url;
}

/** All but the body, which moves over only when the new request brings none of its own. */
function copyOf(source: Request): State {
  const state = stateOf(source);
  const copy = stateFor(methodOf(state), urlOf(state));
  copy.headers = headersFromRaw(rawHeaders(headersOf(state)));
  copy.signal = AbortSignal.any([signalOf(state)]);
  copy.init = state.init;
  return copy;
}

function initialize(state: State, init: RequestInit, input: unknown): void {
  if (init.method !== undefined) state.method = validMethod(`${init.method}`);
  if (init.headers !== undefined) state.headers = new Headers(init.headers);
  if (init.signal !== undefined) {
    if (init.signal !== null && !(init.signal instanceof AbortSignal)) {
      throw new TypeError("Cannot make a request: its signal is no AbortSignal");
    }
    state.signal = init.signal === null ? newSignal() : AbortSignal.any([init.signal]);
  }
  state.init = { ...state.init, ...init, body: undefined, headers: undefined, signal: undefined };
  const source = input instanceof Request ? stateOf(input) : null;
  const hasOwnBody = init.body !== undefined && init.body !== null;
  if ((hasOwnBody || source?.payload) && (state.method === "GET" || state.method === "HEAD")) {
    throw new TypeError(`Cannot make a ${state.method} request with a body`);
  }
  if (hasOwnBody) return setBody(state, init);
  if (!source?.payload || init.body === null) return;
  if (isUnusable(source)) throw new TypeError("Cannot make a request of one whose body was read or is locked");
  state.payload = moveBody(source);
  source.used = true;
}

/** A stream moves behind another one, so that the old request's is locked from now on. */
function moveBody(source: State): Payload {
  const { payload } = source;
  if (!(payload instanceof StreamBody)) return payload!;
  return new StreamBody(payload.content.pipeThrough(new TransformStream<Bytes, Bytes>()));
}

function setBody(state: State, init: RequestInit): void {
  state.payload = payloadOf(init.body!);
  if (state.payload instanceof StreamBody && init.duplex !== "half") {
    throw new TypeError('Cannot make a request with a stream as its body without duplex: "half"');
  }
  const { type } = state.payload;
  const headers = headersOf(state);
  if (type !== null) setDefault(headers, "content-type", type);
}

mixInBody(Request.prototype, (self) => stateOf(self as Request));

/** The request that came in. `hasBody`: bytes of one may follow its head. */
export function incomingRequest(exchange: Exchange, hasBody: boolean): Request {
  const make = Request as unknown as new (exchange: Exchange, secret: typeof INTERNAL) => Request;
  const request = new make(exchange, INTERNAL);
  if (hasBody) stateOf(request).payload = new IncomingBody();
  return request;
}

/** What fetch sends. */
export interface Fetchable {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly payload: Payload | null;
  readonly signal: AbortSignal;
  readonly redirect: string;
}

export function fetchable(request: Request): Fetchable {
  const state = stateOf(request);
  return {
    method: methodOf(state),
    url: urlOf(state),
    headers: headersOf(state),
    payload: state.payload,
    signal: signalOf(state),
    redirect: state.init?.redirect ?? "follow",
  };
}
