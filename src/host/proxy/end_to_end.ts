import type { IncomingMessage } from "node:http";

/** Of one connection, not of the message. */
const HOP_BY_HOP = new Set([
  ...["connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer"],
  ...["transfer-encoding", "upgrade"],
]);

/** Names and values in turn. A body of unknown length goes on in chunks. */
export function endToEnd({ rawHeaders, headers }: IncomingMessage, dropped: ReadonlySet<string> = new Set()): string[] {
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
