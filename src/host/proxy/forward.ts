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
  outgoing.on("error", (error) => reject(Refusal.ofFailure(error)));
  outgoing.on("upgrade", () => reject(new Refusal(502, "the server wants another protocol")));
  outgoing.on("response", (incoming) => {
    response.sendDate = false;
    response.writeHead(incoming.statusCode!, incoming.statusMessage, endToEnd(incoming));
    incoming.on("error", reject);
    incoming.on("aborted", () => reject(new Refusal(502, "the server closed the connection")));
    incoming.pipe(response);
  });
  response.on("close", () => {
    socket.destroy();
    resolve();
  });
  request.pipe(outgoing);
  return promise;
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
