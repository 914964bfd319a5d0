/**
 * `error.stack` begins with the error's name and message, as everywhere else; the interpreter gives the frames alone.
 * It is made when somebody reads it, so that throwing stays cheap. Frames of this library are left out.
 */
import { headline } from "./error_text.ts";
import { apply, defineProperty, describe, join, push, split } from "./primordials.ts";

const LIBRARY = "(mayfly.js:";
const { get, set } = describe(Error.prototype, "stack")!;
const includes = Function.prototype.call.bind(String.prototype.includes) as (text: string, part: string) => boolean;

/** The frames that are the user's. */
function ownFrames(frames: string): string {
  const lines = split(frames, "\n");
  const kept: string[] = [];
  for (let i = 0; i < lines.length; i++) {
    if (lines[i] !== "" && !includes(lines[i], LIBRARY)) push(kept, lines[i]);
  }
  return join(kept, "\n");
}

defineProperty(Error.prototype, "stack", {
  get(this: Error) {
    const frames = apply(get!, this, []);
    if (typeof frames !== "string") return frames;
    const own = ownFrames(frames);
    return own === "" ? headline(this) : `${headline(this)}\n${own}`;
  },
  set,
  configurable: true,
  enumerable: false,
});

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
