import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { LIMITS } from "../../limits.ts";
import { endToEnd } from "./end_to_end.ts";
import { Refusal } from "./refusal.ts";
import { switchingHead, UPGRADE } from "./upgrade.ts";

/** What the proxy says itself: whom it asks is the URL's to say, and it has agreed to the body already. */
const NOT_FORWARDED = new Set(["host", "expect"]);
const CLOSE = ["connection", "close"];

/** The server agreed to speak another protocol: the head that says so, and what came behind it. */
type OnSwitch = (head: string, fromServer: Uint8Array) => void;

/**
 * Sends the request to its server, over a connection that leads there, and brings back what that answers. Another protocol
 * is asked for where somebody takes it over.
 */
export function forward(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  socket: Socket,
  onSwitch?: OnSwitch,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const outgoing = http.request({
    createConnection: () => socket,
    method: request.method,
    path: `${url.pathname}${url.search}`,
    setHost: false,
    headers: ["host", url.host, ...endToEnd(request, NOT_FORWARDED), ...(onSwitch ? UPGRADE : CLOSE)],
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
  outgoing.on("upgrade", (incoming, _, fromServer) => {
    try {
      if (!onSwitch) throw new Refusal(502, "the server wants another protocol");
      onSwitch(switchingHead(incoming), fromServer);
      resolve();
    } catch (error) {
      fail(Refusal.ofFailure(error));
      socket.destroy();
    }
  });
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
  // What comes behind the request of another protocol is for that, if there will be one.
  if (onSwitch) outgoing.end();
  else request.pipe(outgoing);
  return promise;
}

/**
 * Throws for a head that no response can have. Its connection is over with it: the guest may be waiting to open another, and
 * one that is kept would be closed just when it is used again.
 */
function passHead(incoming: IncomingMessage, response: ServerResponse): void {
  const { statusCode = 0, statusMessage } = incoming;
  if (statusCode < 200 || statusCode > 599) throw new RangeError(`Cannot pass on the status ${statusCode}`);
  response.sendDate = false;
  response.writeHead(statusCode, statusMessage, [...endToEnd(incoming), ...CLOSE]);
}
