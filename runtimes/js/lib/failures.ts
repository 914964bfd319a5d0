/** How what went wrong is told: to the log, and to the host as the reason of an exit. */
import { attempt, describeError, headline, isError } from "./error_text.ts";
import { inspect } from "./inspect.ts";
import { ExitCode, LogLevel, native } from "./native.ts";
import { replaceAll, slice, weakSetAdd, weakSetHas } from "./primordials.ts";

const invalidResponses = new WeakSet<object>();

/** Marks an error of building a response: if nobody catches it, the handler did not throw but answer nonsense. */
export function invalidResponse<E extends Error>(error: E): E {
  weakSetAdd(invalidResponses, error);
  return error;
}

/** Where not even an error fits any more, null is thrown. */
function isOutOfMemory(thrown: unknown): boolean {
  if (thrown === null) return native.memoryRanOut();
  if (!isError(thrown)) return false;
  return attempt(() => thrown.name === "InternalError" && thrown.message === "out of memory", false);
}

/** The message on a line of its own, then stack and causes. */
function exit(code: number, thrown: unknown): void {
  native.spareMemory();
  if (isOutOfMemory(thrown)) return native.exit(ExitCode.MEMORY, "InternalError: out of memory\n");
  const text = describeError(thrown, inspect);
  const message = isError(thrown) ? headline(thrown) : text;
  const rest = slice(text, message.length);
  native.exit(code, replaceAll(message, "\n", " ") + (rest === "" ? "\n" : rest));
}

/** The request ends with what the handler threw. */
export function fail(thrown: unknown): void {
  const isInvalid = typeof thrown === "object" && thrown !== null && weakSetHas(invalidResponses, thrown);
  exit(isInvalid ? ExitCode.BAD_RESPONSE : ExitCode.EXCEPTION, thrown);
}

/** The response's head is out already. */
export const failBody = (thrown: unknown): void => exit(ExitCode.BODY_ERROR, thrown);

export const refuseResponse = (message: string): void => native.exit(ExitCode.BAD_RESPONSE, `${message}\n`);

/** Nobody caught it, and no handler can: it is logged, and only a lack of memory ends the request. */
export function logUncaught(thrown: unknown, lead: string): void {
  native.spareMemory();
  if (isOutOfMemory(thrown)) return native.exit(ExitCode.MEMORY, "InternalError: out of memory\n");
  native.log(LogLevel.ERROR, `${lead} ${describeError(thrown, inspect)}`);
}
