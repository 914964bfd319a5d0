import { type IncomingMessage, validateHeaderValue } from "node:http";
import { endToEnd } from "./end_to_end.ts";
import { Refusal } from "./refusal.ts";

const PROTOCOL = "websocket";

export const UPGRADE = ["connection", "upgrade", "upgrade", PROTOCOL];

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined;

/** Others that ask for a protocol (HTTP/2 without TLS, mostly) can do without; what has a body is no WebSocket. */
export function asksForWebSocket(request: IncomingMessage): boolean {
  return request.method === "GET" && request.headers.upgrade?.toLowerCase() === PROTOCOL && !hasBody(request);
}

/** The head of the answer that switches. What follows it is read by nobody on its way. */
export function switchingHead(incoming: IncomingMessage): string {
  if (incoming.headers.upgrade?.toLowerCase() !== PROTOCOL || hasBody(incoming)) {
    throw new Refusal(502, "the server switches to no WebSocket");
  }
  const kept = [...endToEnd(incoming), ...UPGRADE];
  const lines: string[] = [];
  for (let i = 0; i < kept.length; i += 2) {
    validateHeaderValue(kept[i], kept[i + 1]);
    lines.push(`${kept[i]}: ${kept[i + 1]}`);
  }
  return ["HTTP/1.1 101 Switching Protocols", ...lines, "", ""].join("\r\n");
}
