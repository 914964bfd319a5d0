import type { ErrorCode, OutcomeCode } from "./errors.ts";

/** The tenant of files that are not under an `@tenant` folder. Nobody else can take the name. */
export const HOME = "home";

/** A function's name is its path below its root, without the extension: `api/[id]`. */
export interface FunctionId {
  readonly tenant: string;
  readonly name: string;
}

/** As users write and see it: `score`, or `@acme/score`. */
export function qualifiedName(id: FunctionId): string {
  return id.tenant === HOME ? id.name : `@${id.tenant}/${id.name}`;
}

export function parseQualifiedName(text: string): FunctionId {
  const match = /^@([^/]+)\/(.+)$/s.exec(text);
  return match ? { tenant: match[1], name: match[2] } : { tenant: HOME, name: text };
}

export type TierName = "wasm" | "vm";
/** Where `fetch` may go. */
export type NetPolicy = "none" | "public" | readonly string[];

/** A function's settings after precedence and caps: every key has its value. */
export interface FunctionSettings {
  readonly timeoutMs: number;
  readonly cpuMs: number;
  readonly memoryMb: number;
  readonly concurrency: number;
  readonly queue: number;
  readonly bodyMb: number;
  readonly responseMb: number;
  /** null: all. */
  readonly methods: readonly string[] | null;
  readonly net: NetPolicy;
  readonly env: Readonly<Record<string, string>>;
  readonly warmup: readonly string[];
  readonly buildTimeoutMs: number;
  readonly tier: TierName;
  readonly run: readonly string[] | null;
}

/** How a module or a program answers requests; apps own all paths below theirs. */
export const HANDLER_KINDS = [
  "handler",
  "fetch",
  "serve",
  "lambda",
  "wasi",
  "wsgi",
  "asgi",
  "stdio",
  "server",
] as const;
export type HandlerKind = typeof HANDLER_KINDS[number];
const APPS: ReadonlySet<HandlerKind> = new Set(["fetch", "serve", "wsgi", "asgi", "server"]);
export const isApp = (kind: HandlerKind): boolean => APPS.has(kind);

/** How much a line of a log matters. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** `["content-type", "text/plain", ...]`: names in lower case, repeats allowed. */
export type HeaderList = string[];

export type StartKind = "warm" | "clone" | "cold";

/** One request to one function, whatever triggered it. */
export interface Invocation {
  readonly requestId: string;
  readonly method: string;
  /** As the guest sees it; an app's is without its mount path. */
  readonly url: string;
  /** `name\nvalue\n...`, as a frame carries them. */
  readonly headers: string;
  readonly params: Readonly<Record<string, string>> | null;
  readonly mount: string;
  readonly body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>> | null;
  /** Of the clock's monotonic time. */
  readonly deadlineMs: number;
  /** How long it waited for its turn; the scheduler fills it in. */
  queueMs: number;
  /**
   * Aborted when the caller leaves. A getter, because asking Deno for it costs: a run that ends before
   * anybody waits never asks.
   */
  readonly signal: AbortSignal;
}

/** What a run used; the meter, the log line and `server-timing` read it. */
export interface Usage {
  start: StartKind | null;
  readonly queueMs: number;
  /** Reading the snapshot from disk for a cold start, apart from all else. */
  coldMs: number;
  cloneMs: number;
  runMs: number;
  cpuMs: number;
  memoryPeakBytes: number;
  bytesIn: number;
  bytesOut: number;
}

/** How a run ended. `run` never throws for what a guest did. */
export type Outcome = {
  readonly code: "ok";
  /** Of the response. */
  readonly status: number;
  readonly usage: Usage;
} | {
  readonly code: ErrorCode;
  /** Of the response when its head was out already, else the code's own. */
  readonly status: number;
  /** For the caller. */
  readonly message: string;
  /** For the log: what happened inside, stack included. */
  readonly detail: string | null;
  readonly retryAfterS: number | null;
  readonly usage: Usage | null;
};

export type { ErrorCode, OutcomeCode };
