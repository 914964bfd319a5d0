/**
 * `error.stack` begins with the error's name and message, as everywhere else; the interpreter gives the frames alone, and
 * none of this library's. It is made when somebody reads it, so that throwing stays cheap.
 */
import { attempt, framesOf, headline, isError } from "./error_text.ts";
import { apply, defineProperty, describe, slice } from "./primordials.ts";

const { get, set } = describe(Error.prototype, "stack")!;

const stackOf = (error: Error, frames: string): string =>
  frames === "" ? headline(error) : `${headline(error)}\n${frames}`;

defineProperty(Error.prototype, "stack", {
  get(this: Error) {
    const lines = apply(get!, this, []);
    // Each ends with a line feed.
    return typeof lines === "string" ? stackOf(this, slice(lines, 0, -1)) : lines;
  },
  set,
  configurable: true,
  enumerable: false,
});

/** The same error. If it was made while nothing of the user's ran, its stack is that of the call that it answers. */
export function placed<E>(error: E, call: Error): E {
  if (!isError(error) || framesOf(error) !== "") return error;
  const value = stackOf(error, framesOf(call));
  attempt(() => defineProperty(error, "stack", { value, configurable: true, writable: true }), error);
  return error;
}

/** A call site would hand out its function, and that may be one of this library's. */
function hideFunctions(): void {
  const errors = Error as unknown as { prepareStackTrace?: unknown; stackTraceLimit: number };
  const { stackTraceLimit } = errors;
  // One frame alone: the interpreter keeps a function that a call site was made of, and with it all of its source.
  errors.stackTraceLimit = 1;
  errors.prepareStackTrace = (_: unknown, sites: unknown) => sites;
  const [site] = apply(get!, new Error(), []) as unknown as object[];
  errors.prepareStackTrace = undefined;
  errors.stackTraceLimit = stackTraceLimit;
  defineProperty(Object.getPrototypeOf(site), "getFunction", { value: () => undefined });
}
hideFunctions();
