import { type ErrorCode, STATUS_OF } from "../errors.ts";
import type { HeaderList, Usage } from "../types.ts";

/** Of one hop only, or the server's to say: a guest's are dropped. */
const NOT_FOR_GUESTS = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "x-mayfly-start",
  "x-request-id",
]);

/** What a browser takes for all of a host, or beyond the function's path: not a tenant's to say where others answer too. */
const OF_A_WHOLE_HOST = new Set([
  "alt-svc",
  "clear-site-data",
  "nel",
  "report-to",
  "service-worker-allowed",
  "strict-transport-security",
]);

/** What the server tells of a request under these names nobody else may tell. */
const OWN_TIMING = /(?:^|,)\s*(?:queue|clone|run)\s*(?:[;,]|$)/i;

const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** Deno takes other control characters too, and then ends the process when it writes them. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** A guest's response with the server's headers; `shared`: others answer at its host too. Throws a TypeError or RangeError for what no response can carry. */
export function guestResponse(
  status: number,
  headers: HeaderList,
  body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null,
  requestId: string,
  usage: Usage,
  shared: boolean,
): Response {
  const hasNoBody = status === 204 || status === 205 || status === 304;
  const response = new Response(hasNoBody ? null : body, { status });
  // One by one: a list of pairs given to the constructor takes three times as long.
  const sent = response.headers;
  sent.append("x-request-id", requestId);
  sent.append("server-timing", timing(usage));
  if (usage.start) sent.append("x-mayfly-start", usage.start);
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i];
    if (!HEADER_NAME.test(name) || !HEADER_VALUE.test(headers[i + 1])) {
      throw new TypeError(`Cannot send the header ${JSON.stringify(name)}: ${JSON.stringify(headers[i + 1])}`);
    }
    if (NOT_FOR_GUESTS.has(name) || shared && OF_A_WHOLE_HOST.has(name)) continue;
    if (name === "server-timing" && OWN_TIMING.test(headers[i + 1])) continue;
    // Deno counts a body that is whole; a length that a guest claims for a stream is between it and the caller.
    if (name === "content-length" && body instanceof Uint8Array) continue;
    sent.append(name, headers[i + 1]);
  }
  return response;
}

export interface ErrorDetails {
  readonly requestId: string;
  readonly functionName: string | null;
  readonly retryAfterS?: number | null;
  readonly allow?: string;
  readonly usage?: Usage | null;
  /** With `--dev`: the stack. */
  readonly detail?: string | null;
}

/** The server's own errors: JSON, with one of the closed set of codes. */
export function errorResponse(code: ErrorCode, message: string, details: ErrorDetails): Response {
  const headers: [string, string][] = [
    ["content-type", "application/json"],
    ["x-request-id", details.requestId],
    ["server-timing", details.usage ? timing(details.usage) : "queue;dur=0"],
  ];
  if (details.usage?.start) headers.push(["x-mayfly-start", details.usage.start]);
  if (details.retryAfterS) headers.push(["retry-after", `${details.retryAfterS}`]);
  if (details.allow !== undefined) headers.push(["allow", details.allow]);
  const error: Record<string, unknown> = { code, message };
  if (details.functionName !== null) error.function = details.functionName;
  error.requestId = details.requestId;
  if (details.detail) error.detail = details.detail;
  return new Response(JSON.stringify({ error }), { status: STATUS_OF[code], headers });
}

/** Whole microseconds: `toFixed` costs four times as much. */
const inMs = (ms: number): number => Math.round(ms * 1000) / 1000;

function timing(usage: Usage): string {
  return `queue;dur=${inMs(usage.queueMs)}, clone;dur=${inMs(usage.cloneMs + usage.coldMs)}, run;dur=${
    inMs(usage.runMs)
  }`;
}
