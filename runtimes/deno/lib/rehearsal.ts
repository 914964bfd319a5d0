/**
 * What is asked before anybody asks: requests as most are, read and answered by the same calls. What serves them is compiled
 * when a snapshot is taken. A clone that began to compile would do so for each request anew.
 */
import { setImmediate } from "node:timers";
import { FrameType, HeadFlag, LAYOUT } from "../../../ffi/layout.ts";
import { openRehearsalLine } from "./descriptor.ts";
import type { Handler } from "./exchange.ts";
import { input, listen, stopListening } from "./line.ts";
import { rehearse } from "./serve.ts";
import { encode } from "./wire.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Until even the smallest functions are compiled as well as they can be. */
const TIMES = 6000;
/**
 * After a function's own code, which makes some of ours worthless, as garbage collection does. More of them leave traces that
 * each clone has to copy.
 */
const TIMES_AGAIN = 24;

const URLS = [
  "http://localhost/rehearsal?a=1",
  "https://www.example.com/a/b.html",
  "http://127.0.0.1:8000/@tenant/name",
  "https://api.example.com:8443/v1/items/1?q=x%20y&z",
];
const BROWSER = {
  host: "www.example.com",
  "user-agent": "Mozilla/5.0 (X11; Linux x86_64)",
  accept: "text/html,application/xhtml+xml,*/*;q=0.8",
  "accept-encoding": "gzip, br",
  "accept-language": "en-US,en;q=0.5",
  cookie: "session=1; theme=dark",
  "x-forwarded-for": "10.0.0.1",
};
const PROGRAM = { host: "localhost:8000", "content-type": "application/json", "content-length": "20", accept: "*/*" };

function frame(type: number, flags: number, payload: Bytes): number[] {
  const header = new Uint8Array(LAYOUT.frameBytes);
  header.set([type, flags]);
  new DataView(header.buffer).setUint32(4, payload.length, true);
  return [...header, ...payload, ...new Uint8Array(-payload.length & 3)];
}

function request(method: string, url: string, headers: Record<string, string>, body: string | null): Bytes {
  const lines = Object.entries(headers).map(([name, value]) => `${name}\n${value}\n`).join("");
  const strings = [method, url, lines, "rehearsal", ""].map(encode);
  const lengths = new Uint8Array(Uint32Array.from(strings, ({ length }) => length).buffer);
  const head = Uint8Array.from([...lengths, ...strings.flatMap((bytes) => [...bytes])]);
  if (body === null) return Uint8Array.from(frame(FrameType.HEAD, 0, head));
  const frames = [
    frame(FrameType.HEAD, HeadFlag.HAS_BODY, head),
    frame(FrameType.CHUNK, 0, encode(body)),
    frame(FrameType.END, 0, encode("")),
  ];
  return Uint8Array.from(frames.flat());
}

const events = URLS.map((url) => request("POST", url, PROGRAM, '{"name":"a","n":[1]}'));
const visits = URLS.map((url) => request("GET", url, BROWSER, null));

const echo: Handler = async (request) => {
  const event = await request.json();
  return Response.json({ echo: event, method: request.method });
};
const page: Handler = (request) =>
  new Response(`<html>${new URL(request.url).pathname}</html>`, {
    headers: { "content-type": "text/html; charset=utf-8" },
  });

function exchanges(send: (bytes: Bytes) => void, times: number): void {
  let next = 0;
  rehearse(echo, () => send(events[next++ % events.length]), times);
  rehearse(page, () => send(visits[next++ % visits.length]), times);
}

/** The event loop reads as well: what Deno sets up for it the first time makes compiled code worthless. */
async function reading(send: (bytes: Bytes) => void): Promise<void> {
  const { promise: came, resolve } = Promise.withResolvers<void>();
  listen(resolve);
  send(encode("x"));
  await came;
  stopListening();
  input.forget();
}

export async function rehearseAll(then: () => void): Promise<void> {
  const line = openRehearsalLine();
  await reading(line.send);
  // Microtasks do not run within one, which this is.
  setImmediate(() => {
    exchanges(line.send, TIMES);
    line.close();
    then();
  });
}

export function rehearseAgain(): void {
  const line = openRehearsalLine();
  exchanges(line.send, TIMES_AGAIN);
  line.close();
}
