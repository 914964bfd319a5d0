/** What a guest and the host say to each other about fetch. Whatever a guest wrote is checked here, once. */
import { STATUS_CODES, validateHeaderName, validateHeaderValue } from "node:http";
import { LIMITS } from "../../limits.ts";
import { MOST_CALL_BYTES } from "../operations.ts";

/** How the request's body comes: not at all, with the head, or by WRITE: of an unknown length, or of so many bytes. */
export type BodyKind = "none" | "whole" | "stream" | number;

export interface FetchRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Record<string, string[]>;
  readonly bodyKind: BodyKind;
  readonly body: Uint8Array;
}

const WORD = 4;
const HEAD_WORDS = 2 * WORD;
/** Of an answer, for bytes of a body. */
export const MOST_PIECE_BYTES = MOST_CALL_BYTES - WORD;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

const METHOD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const FORBIDDEN_METHODS = ["CONNECT", "TRACE", "TRACK"];
/** The connection's own business, and what only the host can say rightly. */
const NOT_THE_GUESTS = new Set([
  ...["connection", "content-length", "expect", "host", "keep-alive", "proxy-connection", "te", "trailer"],
  ...["transfer-encoding", "upgrade"],
]);

const wordAt = (bytes: Uint8Array, offset: number): number =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(offset, true);

export function exchangeNumber(argument: Uint8Array): number {
  if (argument.length < WORD) throw new Error("Cannot fetch: the call has no number");
  return wordAt(argument, 0);
}

export function parseWrite(argument: Uint8Array): { isLast: boolean; bytes: Uint8Array } {
  if (argument.length < HEAD_WORDS) throw new Error("Cannot send a body: the call is too short");
  return { isLast: wordAt(argument, WORD) !== 0, bytes: argument.subarray(HEAD_WORDS) };
}

/** The head is lines: method, URL, kind of the body, and then names and values of headers in turn. */
export function parseOpen(argument: Uint8Array): FetchRequest {
  const length = argument.length < HEAD_WORDS ? -1 : wordAt(argument, WORD);
  if (length < 0 || length > argument.length - HEAD_WORDS) throw new Error("Cannot fetch: the call is too short");
  const lines = decoder.decode(argument.subarray(HEAD_WORDS, HEAD_WORDS + length)).split("\n");
  if (lines.length < 4 || lines.length % 2 !== 0) throw new Error("Cannot fetch: the head is incomplete");
  const [method, url, kind] = lines;
  const parsed = URL.parse(url);
  if (!parsed || (parsed.protocol !== "http:" && parsed.protocol !== "https:")) {
    throw new Error("only http and https can be fetched");
  }
  if (!METHOD.test(method) || FORBIDDEN_METHODS.includes(method.toUpperCase())) {
    throw new Error("the method is invalid");
  }
  return {
    method,
    url: parsed,
    headers: parseHeaders(lines.slice(3, -1)),
    bodyKind: parseKind(kind),
    body: argument.subarray(HEAD_WORDS + length),
  };
}

function parseKind(text: string): BodyKind {
  if (text === "none" || text === "whole" || text === "stream") return text;
  const length = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(length)) {
    throw new Error("Cannot fetch: the body is of no known kind");
  }
  return length;
}

function parseHeaders(pairs: readonly string[]): Record<string, string[]> {
  const headers: Record<string, string[]> = Object.create(null);
  for (let i = 0; i < pairs.length; i += 2) {
    const name = pairs[i].toLowerCase();
    validateHeaderName(name);
    validateHeaderValue(name, pairs[i + 1]);
    if (!NOT_THE_GUESTS.has(name)) (headers[name] ??= []).push(pairs[i + 1]);
  }
  return headers;
}

/** As Deno's fetch has it, whatever the server says: HTTP/2 knows none. */
const reasonOf = (status: number): string => REASONS[status] ?? STATUS_CODES[status] ?? "";
const REASONS: Readonly<Record<number, string>> = { 203: "Non Authoritative Information", 418: "I'm a teapot" };

/** Lines: status, reason, and then names and values of headers in turn. */
export function encodeHead(status: number, rawHeaders: readonly string[]): Uint8Array {
  const pairs = rawHeaders.map((text, i) => i % 2 === 0 ? text.toLowerCase() : text);
  const head = encoder.encode([status, reasonOf(status), ...pairs, ""].join("\n"));
  if (head.length > LIMITS.fetchHeadBytes) throw new Error("the headers of the response are too long");
  return head;
}

export const roomBeside = (head: Uint8Array): number => MOST_CALL_BYTES - HEAD_WORDS - head.length;

/** Whether the body ends here, length of the head, head, bytes of the body. */
export function openAnswer(head: Uint8Array, isEnd: boolean, body: Uint8Array): Uint8Array {
  const answer = new Uint8Array(HEAD_WORDS + head.length + body.length);
  const words = new DataView(answer.buffer);
  words.setUint32(0, Number(isEnd), true);
  words.setUint32(WORD, head.length, true);
  answer.set(head, HEAD_WORDS);
  answer.set(body, HEAD_WORDS + head.length);
  return answer;
}

/** Whether the body ends here, bytes of the body. */
export function readAnswer(isEnd: boolean, bytes: Uint8Array): Uint8Array {
  const answer = new Uint8Array(WORD + bytes.length);
  new DataView(answer.buffer).setUint32(0, Number(isEnd), true);
  answer.set(bytes, WORD);
  return answer;
}
