/** Where a response leads to, and what the request becomes on the way, as the fetch standard has it. */
import { Headers, headersFromRaw, rawHeaders } from "./headers.ts";
import { type Payload, StreamBody } from "./payload.ts";
import { URL } from "./url.ts";

/** What is sent: changes from one redirect to the next. */
export interface Hop {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly payload: Payload | null;
}

const STATUSES = [301, 302, 303, 307, 308];
/** They describe a body, and go with it. */
const OF_BODY = ["content-encoding", "content-language", "content-location", "content-type", "content-length"];
/** For the origin that they were meant for, and no other. */
const SECRETS = ["authorization", "proxy-authorization", "cookie"];

export const isRedirect = (status: number): boolean => STATUSES.includes(status);

/** Throws a TypeError where the standard gives up. */
export function nextHop({ method, url, headers, payload }: Hop, status: number, location: string): Hop {
  const target = URL.parse(location, url);
  if (target === null) throw new TypeError(`Cannot follow a redirect of ${url}: it leads to no URL`);
  if (target.protocol !== "http:" && target.protocol !== "https:") {
    throw new TypeError(
      `Cannot follow a redirect of ${url}: only http and https can be fetched, not ${target.protocol}`,
    );
  }
  if (target.hash === "") target.hash = url.hash;
  const becomesGet = status === 303 ? method !== "GET" && method !== "HEAD" : method === "POST" && status < 303;
  if (status !== 303 && payload instanceof StreamBody) {
    throw new TypeError(`Cannot follow a redirect of ${url}: the body was a stream, and cannot be sent again`);
  }
  const kept = headersFromRaw(rawHeaders(headers));
  if (becomesGet) { for (const name of OF_BODY) kept.delete(name); }
  if (target.origin !== url.origin) { for (const name of SECRETS) kept.delete(name); }
  return {
    method: becomesGet ? "GET" : method,
    url: target,
    headers: kept,
    payload: becomesGet ? null : payload,
  };
}
