import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { Clock } from "../clock.ts";
import { MayflyError, OperatorError } from "../errors.ts";
import { LIMITS } from "../limits.ts";
import type { Events } from "../observe/events.ts";
import type { Logs } from "../observe/log.ts";
import type { LogOwner } from "../observe/log_backlog.ts";
import { logStream } from "../observe/log_stream.ts";
import type { Meter } from "../observe/meter.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { FunctionEntry, Functions } from "../registry/function.ts";
import { suggest } from "../suggest.ts";
import { parseQualifiedName, qualifiedName } from "../types.ts";
import { AdminGuard } from "./admin_guard.ts";
import { type FunctionDescription, settingsOf, summaryOf, sumOf } from "./admin_shapes.ts";
import { errorResponse } from "./respond.ts";

export interface AdminOptions {
  readonly token: string;
  readonly clock: Clock;
  readonly functions: Functions;
  readonly meter: Pick<Meter, "usage">;
  readonly logs: Logs;
  readonly metrics: Metrics;
  readonly events: Events;
  /** null, or why no requests should be sent here now. */
  readonly notReady: () => string | null;
  readonly doctor: () => Promise<unknown>;
}

type AdminContext = Context<{ Bindings: { requestId: string } }>;

const LINES = 100;
const MINUTE_MS = 60_000;
const HOUR = 60;
const DAY = 24 * HOUR;

/** The admin API; `admin_shapes.ts` has what its paths answer with. */
export function adminApi(options: AdminOptions): (request: Request, requestId: string) => Response | Promise<Response> {
  const { functions, logs, metrics } = options;
  const guard = new AdminGuard(options.token);
  const app = new Hono<{ Bindings: { requestId: string } }>({ strict: true }).basePath("/_mayfly");

  app.use("*", async (c, next) => {
    guard.check(c.req.raw, c.req.path);
    await next();
    c.header("x-request-id", c.env.requestId);
    c.header("server-timing", "queue;dur=0");
    c.header("cache-control", "no-store");
  });
  app.use("*", bodyLimit({ maxSize: LIMITS.adminBodyBytes, onError: () => tooLarge() }));

  app.get("/health", (c) => c.json({ status: "ok" }));
  app.get("/ready", (c) => {
    const reason = options.notReady();
    if (reason !== null) throw new MayflyError("overload", reason, { retryAfterS: 1 });
    return c.json({ status: "ready" });
  });

  app.get("/functions", (c) => {
    const summaries = functions.list().map((entry) => summaryOf(entry, originOf(c)));
    return c.json(summaries.sort((a, b) => a.name < b.name ? -1 : 1));
  });
  app.get("/problems", (c) => c.json(functions.problems()));
  app.get("/functions/:name", async (c) => c.json(await describe(options, entryOf(c, functions), originOf(c))));
  app.delete("/functions/:name", async (c) => {
    const { id } = entryOf(c, functions);
    return c.json({ removed: qualifiedName(id), ...await functions.remove(id) });
  });
  app.get("/functions/:name/logs", (c) => logResponse(c, logs, entryOf(c, functions).id));
  app.get("/functions/:name/versions", async (c) => c.json(await functions.versions(entryOf(c, functions).id)));
  app.post("/functions/:name/rollback", async (c) => {
    const { id } = entryOf(c, functions);
    return c.json({ version: await functions.rollback(id, await versionIn(c)) });
  });

  app.get("/logs", (c) => logResponse(c, logs, null));
  app.get("/metrics", (c) => {
    const text = ReadableStream.from(metrics.text()).pipeThrough(new TextEncoderStream());
    return c.body(text, 200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" });
  });
  app.get("/doctor", async (c) => c.json(await options.doctor()));

  app.notFound((c) => failed(options, c, new MayflyError("not_found", "The admin API has no such path")));
  app.onError((error, c) => failed(options, c, error));

  return (request, requestId) => app.fetch(request, { requestId });
}

async function describe(
  { functions, meter, clock }: AdminOptions,
  entry: FunctionEntry,
  origin: string,
): Promise<FunctionDescription> {
  const minute = Math.floor(clock.now() / MINUTE_MS);
  const [versions, source, usage] = await Promise.all([
    functions.versions(entry.id),
    functions.source(entry.id),
    meter.usage(entry.id, minute - DAY),
  ]);
  return {
    ...summaryOf(entry, origin),
    source,
    settings: settingsOf(entry),
    versions: versions.map(({ version }) => version),
    usage: { lastHour: sumOf(usage.filter((row) => row.minute > minute - HOUR)), lastDay: sumOf(usage) },
  };
}

function entryOf(c: AdminContext, functions: Functions): FunctionEntry {
  const name = c.req.param("name")!;
  const entry = functions.get(parseQualifiedName(name));
  if (entry !== null) return entry;
  const meant = suggest(name, functions.list().slice(0, LIMITS.namesCompared).map(({ id }) => qualifiedName(id)));
  const question = meant === null ? "" : `; did you mean ${meant}?`;
  throw new MayflyError("not_found", `There is no function ${name}${question}`);
}

async function versionIn(c: AdminContext): Promise<string | null> {
  const text = await c.req.text();
  const body: unknown = text === "" ? {} : parsed(text);
  const version = typeof body === "object" && body !== null && "version" in body ? body.version : null;
  if (version === null || typeof version === "string") return version;
  throw new MayflyError("bad_request", "Cannot read the version: it is no string");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new MayflyError("bad_request", "Cannot read the body: it is no JSON");
  }
}

async function logResponse(c: AdminContext, logs: Logs, owner: LogOwner): Promise<Response> {
  const lines = c.req.query("lines") ?? `${LINES}`;
  if (!/^\d{1,9}$/.test(lines)) throw new MayflyError("bad_request", `Cannot take ${lines} as lines: it is no number`);
  const type = { "content-type": "application/x-ndjson" };
  if (c.req.query("follow") === "1") return c.body(logStream(logs, owner, Number(lines)), 200, type);
  const tail = await logs.tail(owner, Number(lines));
  return c.body(tail.map((line) => `${line}\n`).join(""), 200, type);
}

const originOf = (c: AdminContext): string => new URL(c.req.url).origin;

function tooLarge(): never {
  throw new MayflyError("body_too_large", `Cannot take the body: it is over ${LIMITS.adminBodyBytes} bytes`);
}

/** An error that nobody foresaw is the server's own: its cause is for the log. */
function failed({ events, clock }: AdminOptions, c: AdminContext, error: Error): Response {
  const { requestId } = c.env;
  const functionName = c.req.param("name") ?? null;
  if (error instanceof OperatorError) {
    return errorResponse("bad_request", `${error.message} (${error.hint})`, { requestId, functionName });
  }
  if (error instanceof MayflyError) {
    const response = errorResponse(error.code, error.message, {
      requestId,
      functionName,
      retryAfterS: error.retryAfterS,
    });
    if (error.code === "unauthorized") response.headers.set("www-authenticate", "Bearer");
    return response;
  }
  events.emit({
    type: "server",
    atMs: clock.now(),
    level: "error",
    message: `The admin API failed: ${c.req.method} ${c.req.path}`,
    detail: error.stack ?? `${error}`,
    requestId,
  });
  const message = "The server failed; its log has the cause under this request id";
  return errorResponse("internal", message, { requestId, functionName });
}
