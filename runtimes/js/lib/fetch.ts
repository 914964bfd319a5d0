/** fetch, as its standard has it, by host calls. */
import { type AbortSignal, onAbort } from "./abort.ts";
import { blobBytes } from "./blob.ts";
import { parseDataUrl } from "./data_url.ts";
import { placed } from "./error_stack.ts";
import { FetchedBody, makeRoom } from "./fetch_body.ts";
import { FetchExchange, fitsOneCall, isCrowded, type ResponseHead } from "./fetch_exchange.ts";
import { type Hop, isRedirect, nextHop } from "./fetch_redirect.ts";
import { sendBytes, sendStream } from "./fetch_upload.ts";
import { getHeader, headersFromRaw, rawHeaders } from "./headers.ts";
import { type Bytes, native } from "./native.ts";
import { BytesBody, StreamBody } from "./payload.ts";
import { PromiseIntrinsic } from "./primordials.ts";
import { type Fetchable, fetchable, Request, type RequestInit } from "./request.ts";
import { fetchedResponse, isNullBodyStatus, type Response } from "./response.ts";
import { URL } from "./url.ts";
import { blobOf } from "./object_urls.ts";

const MOST_REDIRECTS = 20;

/** Settles at once when the signal is aborted, whatever is under way. */
export function fetch(input: Request | string | URL, init?: RequestInit): Promise<Response> {
  return new PromiseIntrinsic((resolve, reject) => {
    const request = fetchable(new Request(input as string, init));
    const { signal } = request;
    if (signal.aborted) {
      cancelBody(request, signal.reason);
      throw signal.reason;
    }
    // The signal may live on: what it holds must not hold the response.
    let abandon: typeof reject | null = reject;
    onAbort(signal, () => abandon?.(signal.reason));
    const settle = (response: Response) => {
      abandon = null;
      resolve(response);
    };
    const call = new Error();
    native.promiseThen(fetchRequest(request), settle, (error) => reject(placed(error, call)));
  });
}

function cancelBody({ payload }: Fetchable, reason: unknown): void {
  if (payload instanceof StreamBody) native.markHandled(payload.content.cancel(reason));
}

async function fetchRequest(request: Fetchable): Promise<Response> {
  const url = new URL(request.url);
  if (url.protocol === "data:") return ofDataUrl(url);
  if (url.protocol === "blob:") return ofBlobUrl(request, url);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new TypeError(`Cannot fetch ${url}: only http, https, data and blob can be fetched, not ${url.protocol}`);
  }
  return await followed(request, url);
}

function ofDataUrl(url: URL): Response {
  const data = parseDataUrl(url.href);
  if (data === null) throw new TypeError("Cannot fetch a data: URL: it is malformed");
  const head = { status: 200, statusText: "OK", headers: `content-type\n${data.type}\n` };
  return fetchedResponse({
    ...head,
    url: withoutHash(url),
    redirected: false,
    payload: new BytesBody(data.bytes, null),
  });
}

function ofBlobUrl({ method }: Fetchable, url: URL): Response {
  const blob = method === "GET" ? blobOf(url.href) : undefined;
  if (blob === undefined) {
    throw new TypeError("Cannot fetch a blob: URL: it stands for no Blob, or the method is not GET");
  }
  return fetchedResponse({
    status: 200,
    statusText: "OK",
    headers: `content-length\n${blob.size}\ncontent-type\n${blob.type}\n`,
    url: withoutHash(url),
    redirected: false,
    payload: new BytesBody(blobBytes(blob), null),
  });
}

async function followed({ method, headers, payload, signal, redirect }: Fetchable, url: URL): Promise<Response> {
  let hop: Hop = { method, url, headers, payload };
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    const exchange = new FetchExchange(signal);
    onAbort(signal, () => exchange.close());
    if (isCrowded()) makeRoom();
    const head = await sent(exchange, hop, signal);
    const location = isRedirect(head.status) ? getHeader(headersFromRaw(head.headers), "location") : null;
    if (location === null || redirect === "manual") return responseOf(exchange, head, hop, signal, redirects > 0);
    exchange.close();
    if (redirect === "error") throw new TypeError(`Cannot fetch ${hop.url}: it redirects, and redirect is "error"`);
    hop = nextHop(hop, head.status, location);
  }
  throw new TypeError(`Cannot fetch ${url}: it redirects more than ${MOST_REDIRECTS} times`);
}

function responseOf(
  exchange: FetchExchange,
  { status, statusText, headers, bytes }: ResponseHead,
  { url, method }: Hop,
  signal: AbortSignal,
  redirected: boolean,
): Response {
  const href = withoutHash(url);
  const hasBody = method !== "HEAD" && !isNullBodyStatus(status);
  const payload = hasBody ? new FetchedBody(exchange, signal, href, bytes) : null;
  if (isCrowded()) makeRoom();
  return fetchedResponse({ status, statusText, headers, url: href, redirected, payload });
}

/** Resolves with the response's head. The body may still be on its way then: a server can answer early. */
async function sent(exchange: FetchExchange, hop: Hop, signal: AbortSignal): Promise<ResponseHead> {
  try {
    const { payload } = hop;
    if (payload === null) return await exchange.open(headOf(hop, "none"), null, false);
    if (payload instanceof StreamBody) {
      return await opened(exchange, headOf(hop, "stream"), () => sendStream(exchange, payload.content));
    }
    const bytes = await payload.bytes();
    const whole = headOf(hop, "whole");
    if (fitsOneCall(whole, bytes)) return await exchange.open(whole, bytes, false);
    return await opened(exchange, headOf(hop, bytes.length), () => sendBytes(exchange, bytes));
  } catch (error) {
    exchange.close();
    signal.throwIfAborted();
    const { message } = error as Error;
    throw new TypeError(`Cannot fetch ${withoutHash(hop.url)}: ${message}`, { cause: error });
  }
}

/** An upload that fails before the head has come is the fetch's failure; after that the response tells. */
function opened(exchange: FetchExchange, head: Bytes, send: () => Promise<void>): Promise<ResponseHead> {
  return new PromiseIntrinsic((resolve, reject) => {
    native.promiseThen(exchange.open(head, null, true), resolve, reject);
    native.promiseThen(send(), () => {}, reject);
  });
}

function headOf({ method, url, headers }: Hop, kind: string | number): Bytes {
  return native.utf8Encode(`${method}\n${withoutHash(url)}\n${kind}\n${rawHeaders(headers)}`);
}

const withoutHash = ({ href, hash }: URL): string => hash === "" ? href : href.slice(0, -hash.length);
