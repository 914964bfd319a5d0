import { createHash } from "node:crypto";
import { join } from "node:path";
import type { LogOwner } from "./log_backlog.ts";

/** File systems take 255 bytes for a name. */
const LONGEST = 200;

export function logPath(folder: string, owner: LogOwner): string {
  if (owner === null) return join(folder, "server.ndjson");
  return join(folder, escaped(owner.tenant), `${escaped(owner.name)}.ndjson`);
}

/** As one name of a file; different names stay different. */
function escaped(name: string): string {
  const text = encodeURIComponent(name.toWellFormed()).replace(/^\./, "%2E");
  if (text.length <= LONGEST) return text;
  return `${text.slice(0, LONGEST)}~${createHash("sha256").update(name).digest("hex").slice(0, 16)}`;
}
