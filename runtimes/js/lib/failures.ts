/** How what went wrong is told: to the log, and to the host as the reason of an exit. */
import { attempt, headline } from "./headline.ts";
import { ExitCode, LogLevel, native } from "./native.ts";
import { isArray, join, push, replaceAll, slice, startsWith, weakSetAdd, weakSetHas } from "./primordials.ts";

const MAX_CAUSES = 8;

const invalidResponses = new WeakSet<object>();

/** Marks an error of building a response: if nobody catches it, the handler did not throw but answer nonsense. */
export function invalidResponse<E extends Error>(error: E): E {
  weakSetAdd(invalidResponses, error);
  return error;
}

export const isError = (value: unknown): value is Error =>
  typeof value === "object" && value !== null &&
  (native.className(value) === "Error" || native.className(value) === "DOMException");

/** The frames of its stack, one a line. */
function framesOf(error: Error): string {
  const stack = attempt(() => `${error.stack ?? ""}`, "");
  const head = headline(error);
  const frames = startsWith(stack, head) ? slice(stack, head.length) : stack;
  const start = startsWith(frames, "\n") ? 1 : 0;
  const end = frames.length > start && frames[frames.length - 1] === "\n" ? frames.length - 1 : frames.length;
  return slice(frames, start, end);
}

/** The error with its frames, and what caused it; `print` is for what is no error. */
export function describeError(thrown: unknown, print: (value: unknown) => string): string {
  const lines: string[] = [];
  let lead = "";
  for (let value = thrown, depth = 0; depth <= MAX_CAUSES; depth++) {
    if (!isError(value)) {
      push(lines, lead + attempt(() => print(value), "a value that cannot be printed"));
      break;
    }
    const error: Error & { errors?: unknown } = value;
    push(lines, lead + headline(error));
    const frames = framesOf(error);
    if (frames !== "") push(lines, frames);
    const errors = attempt(() => error.errors, undefined);
    if (isArray(errors)) {
      for (let i = 0; i < errors.length && i < MAX_CAUSES; i++) {
        push(lines, `[${i}] ${isError(errors[i]) ? headline(errors[i]) : attempt(() => print(errors[i]), "")}`);
      }
    }
    const cause = attempt(() => error.cause, undefined);
    if (cause === undefined) break;
    value = cause;
    lead = "Caused by: ";
  }
  return join(lines, "\n");
}

/** Where not even an error fits any more, null is thrown. */
function isOutOfMemory(thrown: unknown): boolean {
  if (thrown === null) return native.memoryRanOut();
  if (!isError(thrown)) return false;
  return attempt(() => thrown.name === "InternalError" && thrown.message === "out of memory", false);
}

const printPlain = (value: unknown): string =>
  typeof value === "string" ? `Uncaught ${value}` : `Uncaught ${String(value)}`;

/** The request ends with what the handler threw. Its first line is the message, what follows is the stack. */
export function fail(thrown: unknown, print: (value: unknown) => string = printPlain): void {
  native.spareMemory();
  if (isOutOfMemory(thrown)) return native.exit(ExitCode.MEMORY, "InternalError: out of memory\n");
  const isInvalid = typeof thrown === "object" && thrown !== null && weakSetHas(invalidResponses, thrown);
  const code = isInvalid ? ExitCode.BAD_RESPONSE : ExitCode.EXCEPTION;
  const head = isError(thrown) ? headline(thrown) : print(thrown);
  const rest = isError(thrown) ? slice(describeError(thrown, print), head.length) : "";
  native.exit(code, `${replaceAll(head, "\n", " ")}${rest === "" ? "\n" : rest}`);
}

/** Nobody caught it, and no handler can: it is logged, and only a lack of memory ends the request. */
export function logUncaught(thrown: unknown, lead: string, print: (value: unknown) => string): void {
  native.spareMemory();
  if (isOutOfMemory(thrown)) return native.exit(ExitCode.MEMORY, "InternalError: out of memory\n");
  native.log(LogLevel.ERROR, `${lead} ${describeError(thrown, print)}`);
}
