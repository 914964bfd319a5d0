import type { ErrorCode } from "../errors.ts";
import { LIMITS } from "../limits.ts";
import { type FunctionId, type LogLevel, type Outcome, qualifiedName } from "../types.ts";
import type { DeployEvent, Event, RequestEvent } from "./events.ts";

/** A line of a log, as it is kept and as readers get it. */
export interface LogRecord {
  readonly time: string;
  readonly level: LogLevel;
  /** Qualified; null: the server itself. */
  readonly function: string | null;
  readonly version: string | null;
  readonly requestId: string | null;
  readonly code: ErrorCode | null;
  readonly text: string;
}

/** A line before it is written: cheap to make where a request waits. */
export interface LogEntry {
  readonly atMs: number;
  readonly level: LogLevel;
  readonly id: FunctionId | null;
  readonly version: string | null;
  readonly requestId: string | null;
  readonly code: ErrorCode | null;
  readonly text: string;
  /** Stands below the text: a stack, mostly. */
  readonly detail: string | null;
  /** Its stack is of the bundle that runs, not of the user's file. */
  readonly unmapped: boolean;
}

/** Which logs an event goes to. */
export interface Logged {
  readonly entry: LogEntry;
  readonly inFunctionLog: boolean;
  readonly inServerLog: boolean;
}

/** What of an event is worth a line; requests that went well are not. */
export function loggedOf(event: Event): Logged | null {
  switch (event.type) {
    case "request":
      return event.outcome.code === "ok" ? null : failedRequest(event, event.outcome);
    case "log":
      return inFunctionLog(entryOf({ ...event, unmapped: true }));
    case "deploy":
      return event.state === "building" ? null : inBothLogs(deploy(event));
    case "removed":
      return inServerLog(entryOf({ ...event, level: "info", text: `${qualifiedName(event.id)} was removed` }));
    case "server":
      return inServerLog(entryOf({ ...event, text: event.message }));
  }
}

function failedRequest(event: RequestEvent, outcome: Outcome & { code: ErrorCode }): Logged | null {
  const entry = entryOf({
    ...event,
    level: levelOf(outcome),
    code: outcome.code,
    text: `${event.method} ${event.path}: ${outcome.code}: ${outcome.message}`,
    detail: outcome.detail,
    unmapped: event.id !== null,
  });
  const isOfServer = outcome.code === "internal";
  if (event.id !== null) return isOfServer ? inBothLogs(entry) : inFunctionLog(entry);
  // What the server refuses by itself is the caller's doing: anybody could fill the log with it.
  return outcome.status >= 500 ? inServerLog(entry) : null;
}

function levelOf({ code, status }: Outcome): LogLevel {
  if (code === "canceled") return "info";
  // Under 400 the head was out already when it failed.
  return status >= 400 && status < 500 ? "warn" : "error";
}

function deploy(event: DeployEvent): LogEntry {
  if (event.state === "failed") {
    const error = event.error ?? "the build failed";
    return entryOf({ ...event, level: "error", text: error.startsWith("Cannot ") ? error : `Cannot deploy: ${error}` });
  }
  const took = event.buildMs === null ? "" : ` in ${Math.round(event.buildMs)} ms`;
  const begin = event.how === "rollback" ? `Rolled back to ${event.version}, serving` : "Deployed";
  const before = event.how === "again" ? ", as it was built before" : "";
  const why = event.why ? `; ${event.tier}: ${event.why}` : "";
  const text = `${begin} as ${event.route} (${event.tier} tier, ${event.kind})${took}${before}${why}`;
  return entryOf({ ...event, level: "info", text });
}

function entryOf(fields: Pick<LogEntry, "atMs" | "level" | "text"> & Partial<LogEntry>): LogEntry {
  return {
    atMs: fields.atMs,
    level: fields.level,
    id: fields.id ?? null,
    version: fields.version ?? null,
    requestId: fields.requestId ?? null,
    code: fields.code ?? null,
    text: fields.text,
    detail: fields.detail ?? null,
    unmapped: fields.unmapped ?? false,
  };
}

const inFunctionLog = (entry: LogEntry): Logged => ({ entry, inFunctionLog: true, inServerLog: false });
const inServerLog = (entry: LogEntry): Logged => ({ entry, inFunctionLog: false, inServerLog: true });
const inBothLogs = (entry: LogEntry): Logged => ({ entry, inFunctionLog: true, inServerLog: true });

/** It ends between two characters. */
const beginningOf = (text: string): string => text.slice(0, LIMITS.logLineBytes).replace(/[\ud800-\udbff]$/, "");

/** The line on disk, without its end; `text` is the entry's with its stack mapped. */
export function lineOf(entry: LogEntry, text: string): string {
  const record: LogRecord = {
    time: new Date(entry.atMs).toISOString(),
    level: entry.level,
    function: entry.id && qualifiedName(entry.id),
    version: entry.version,
    requestId: entry.requestId,
    code: entry.code,
    text: text.length <= LIMITS.logLineBytes ? text : `${beginningOf(text)}... (cut)`,
  };
  return JSON.stringify(record);
}
