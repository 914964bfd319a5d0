import type { LogRecord } from "../observe/log_record.ts";
import { safeLines } from "./safe_text.ts";
import { type Color, colored, type Line } from "./terminal.ts";

/** The part of a log's record that people read. */
export type LogText =
  & Pick<LogRecord, "time" | "level" | "function" | "text">
  & Partial<Pick<LogRecord, "code" | "requestId">>;

const COLORS: Readonly<Record<LogText["level"], Color>> = {
  debug: "dim",
  info: "cyan",
  warn: "yellow",
  error: "red",
};

/**
 * Its text may have several lines: those after the first are indented. A request that failed is told with its id, which
 * its caller was given.
 */
export function logLines({ time, level, function: name, text, code, requestId }: LogText): Line[] {
  const [first, ...more] = safeLines(text);
  const request = code && requestId ? [colored("dim", ` (request ${requestId})`)] : [];
  const head = [
    colored("dim", `${time} `),
    colored(COLORS[level] ?? "dim", level.padEnd(5)),
    colored("bold", ` ${name ?? "(server)"} `),
  ];
  return [[...head, first, ...request], ...more.map((line) => [`    ${line}`])];
}
