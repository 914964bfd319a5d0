import http, { type ClientRequest, type IncomingMessage } from "node:http";
import https from "node:https";
import { LIMITS } from "../../limits.ts";
import type { FetchRequest } from "./wire.ts";

/** What Deno's own fetch says where the caller says nothing. */
const DEFAULT_HEADERS: Readonly<Record<string, string>> = {
  "accept": "*/*",
  "accept-language": "*",
  "user-agent": "Mayfly",
};
const ENCODINGS = "gzip,br";
/** These may be sent a second time, over a new connection, when the server had closed the kept one. */
const IDEMPOTENT = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"];
/** And these say that they have a body even when they have none. */
const WITH_LENGTH = ["POST", "PUT"];

export interface Sent {
  readonly request: ClientRequest;
  /** There is a connection: nothing of the body was sent before. */
  readonly connected: Promise<void>;
  readonly response: Promise<IncomingMessage>;
}

/** Begins a request to this address, whatever the URL's name leads to by now. */
export function send(fetch: FetchRequest, address: string, agent: http.Agent): Sent {
  const { url, method, bodyKind } = fetch;
  const isSecure = url.protocol === "https:";
  const request = (isSecure ? https : http).request({
    agent,
    method,
    host: address,
    port: url.port || (isSecure ? 443 : 80),
    path: `${url.pathname}${url.search}`,
    ...(isSecure ? { servername: url.hostname.replace(/^\[|\]$/g, "") } : {}),
    headers: headersOf(fetch),
    setHost: false,
    maxHeaderSize: LIMITS.responseHeaderBytes,
  });
  const connected = Promise.withResolvers<void>();
  const response = Promise.withResolvers<IncomingMessage>();
  request.on("socket", (socket) => {
    if (!IDEMPOTENT.includes(method) || typeof bodyKind !== "string") request.reusedSocket = false;
    if (socket.connecting) socket.once(isSecure ? "secureConnect" : "connect", connected.resolve);
    else connected.resolve();
  });
  request.on("response", response.resolve);
  request.on("upgrade", (_, socket) => {
    socket.destroy();
    response.reject(new Error("the server wants another protocol"));
  });
  request.on("error", (error) => {
    connected.reject(error);
    response.reject(error);
  });
  // Whoever has given up does not want to hear of it.
  connected.promise.catch(() => {});
  response.promise.catch(() => {});
  return { request, connected: connected.promise, response: response.promise };
}

function headersOf({ url, method, headers, bodyKind, body }: FetchRequest): Record<string, string | string[]> {
  const all: Record<string, string | string[]> = { ...DEFAULT_HEADERS, ...headers, host: url.host };
  if ("range" in headers) all["accept-encoding"] = "identity";
  else all["accept-encoding"] ??= ENCODINGS;
  if (url.username !== "" || url.password !== "") {
    const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    all.authorization = [`Basic ${new TextEncoder().encode(credentials).toBase64()}`, ...headers.authorization ?? []];
  }
  if (bodyKind === "stream") all["transfer-encoding"] = "chunked";
  else if (bodyKind === "whole") all["content-length"] = `${body.length}`;
  else if (bodyKind !== "none") all["content-length"] = `${bodyKind}`;
  else if (WITH_LENGTH.includes(method)) all["content-length"] = "0";
  return all;
}
