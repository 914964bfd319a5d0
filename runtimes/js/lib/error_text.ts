/** Errors as text: whatever somebody throws, and whatever its getters do. */
import { native } from "./native.ts";
import { isArray, join, push, slice, startsWith } from "./primordials.ts";

const MAX_CAUSES = 8;

/** What foreign code gives, which may throw anything. */
export function attempt<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

/** `TypeError: x is no function`, as far as the error lets us. */
export function headline(error: Error): string {
  const name = attempt(() => `${error.name}`, "Error");
  const message = attempt(() => `${error.message}`, "");
  return message === "" ? name : name === "" ? message : `${name}: ${message}`;
}

export const isError = (value: unknown): value is Error =>
  typeof value === "object" && value !== null &&
  (native.className(value) === "Error" || native.className(value) === "DOMException");

/** The frames of its stack, one a line. */
export function framesOf(error: Error): string {
  const stack = attempt(() => `${error.stack ?? ""}`, "");
  const head = headline(error);
  const frames = startsWith(stack, head) ? slice(stack, head.length) : stack;
  const start = startsWith(frames, "\n") ? 1 : 0;
  const end = frames.length > start && frames[frames.length - 1] === "\n" ? frames.length - 1 : frames.length;
  return slice(frames, start, end);
}

/** Nothing of the cause is new: its words end those of the error, and it has no place of its own, or the same. */
function isSaid(cause: unknown, error: Error): boolean {
  if (!isError(cause)) return false;
  const frames = framesOf(cause);
  if (frames !== "" && frames !== framesOf(error)) return false;
  if (attempt(() => cause.cause, undefined) !== undefined) return false;
  const message = attempt(() => `${cause.message}`, "");
  const whole = headline(error);
  return message !== "" && message.length < whole.length && slice(whole, whole.length - message.length) === message;
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
    if (cause === undefined || isSaid(cause, error)) break;
    value = cause;
    lead = "Caused by: ";
  }
  return join(lines, "\n");
}
