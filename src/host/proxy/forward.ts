import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { LIMITS } from "../../limits.ts";
import { Refusal } from "./refusal.ts";

/** Of one connection, not of the message. */
const HOP_BY_HOP = new Set([
  ...["connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer"],
  ...["transfer-encoding", "upgrade"],
]);
/** What the proxy says itself: whom it asks is the URL's to say, and it has agreed to the body already. */
const NOT_FORWARDED = new Set(["host", "expect"]);

/** Sends the request to its server, over a connection that leads there, and brings back what that answers. */
export function forward(request: IncomingMessage, response: ServerResponse, url: URL, socket: Socket): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const outgoing = http.request({
    createConnection: () => socket,
    method: request.method,
    path: `${url.pathname}${url.search}`,
    setHost: false,
    headers: ["host", url.host, ...endToEnd(request, NOT_FORWARDED), "connection", "close"],
    maxHeaderSize: LIMITS.responseHeaderBytes,
  });
  let isComplete = () => false;
  // What comes behind a complete answer is nobody's.
  const fail = (refusal: Refusal) => isComplete() ? undefined : reject(refusal);
  let interimAnswers = 0;
  outgoing.on("information", () => {
    if (++interimAnswers <= LIMITS.fetchInterimAnswers) return;
    fail(new Refusal(502, "the server sends too many interim answers"));
    outgoing.destroy();
  });
  outgoing.on("error", (error) => fail(Refusal.ofFailure(error)));
  outgoing.on("upgrade", () => fail(new Refusal(502, "the server wants another protocol")));
  outgoing.on("response", (incoming) => {
    isComplete = () => incoming.complete;
    incoming.on("error", (error) => fail(Refusal.ofFailure(error)));
    incoming.on("aborted", () => fail(new Refusal(502, "the server closed the connection")));
    try {
      passHead(incoming, response);
    } catch {
      // Node reads heads that it does not write.
      fail(new Refusal(502, "the server's answer has a head that makes no sense"));
      outgoing.destroy();
      return;
    }
    incoming.pipe(response);
  });
  response.on("close", () => {
    socket.destroy();
    resolve();
  });
  request.pipe(outgoing);
  return promise;
}

/** Throws for a head that no response can have. */
function passHead(incoming: IncomingMessage, response: ServerResponse): void {
  const { statusCode = 0, statusMessage } = incoming;
  if (statusCode < 200 || statusCode > 599) throw new RangeError(`Cannot pass on the status ${statusCode}`);
  response.sendDate = false;
  response.writeHead(statusCode, statusMessage, endToEnd(incoming));
}

/** Names and values in turn. A body of unknown length goes on in chunks. */
function endToEnd({ rawHeaders, headers }: IncomingMessage, dropped: ReadonlySet<string> = new Set()): string[] {
  const named = (headers.connection ?? "").toLowerCase().split(",").map((name) => name.trim());
  const isKept = (name: string) => !HOP_BY_HOP.has(name) && !dropped.has(name) && !named.includes(name);
  const kept: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i].toLowerCase();
    if (isKept(name)) kept.push(rawHeaders[i], rawHeaders[i + 1]);
  }
  if (headers["transfer-encoding"] !== undefined) kept.push("transfer-encoding", "chunked");
  return kept;
}
