/** Errors as text: whatever somebody throws, and whatever its getters do. */
const CAUSES_MOST = 8;
/** Of what a request's end says: it has to fit a frame. */
const TEXT_MOST = 16_384;
const RUNTIMES = new URL("../../", import.meta.url).href;
/** The server's name of what was deployed: it has the source map. */
const BUNDLE = "bundle.js";
const BLOB = /blob:null\/[0-9a-f-]{36}/g;

/** Text that a person is to read. */
export const named = (text: string): string => text.includes("blob:null/") ? text.replace(BLOB, BUNDLE) : text;

/** A frame of this runtime's or of Deno's own, which tells its author nothing. */
export const isForeign = (frame: string): boolean => frame.includes(RUNTIMES) || /[( ](?:ext|node):/.test(frame);

function attempt<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

const isError = (value: unknown): value is Error =>
  value instanceof Error || Object.prototype.toString.call(value) === "[object Error]" ||
  value instanceof DOMException;

/** `TypeError: x is no function`, as far as the error lets us. */
export function headline(error: Error): string {
  const name = attempt(() => `${error.name}`, "Error");
  const message = attempt(() => `${error.message}`, "");
  return message === "" ? name : name === "" ? message : `${name}: ${message}`;
}

function framesOf(error: Error): string {
  const stack = attempt(() => `${error.stack ?? ""}`, "");
  const frames = stack.split("\n").filter((line) => /^\s+at /.test(line) && !isForeign(line));
  return frames.join("\n");
}

/** Nothing of the cause is new: its words end those of the error, and it has no place of its own, or the same. */
function isSaid(cause: unknown, error: Error): boolean {
  if (!isError(cause)) return false;
  const frames = framesOf(cause);
  if (frames !== "" && frames !== framesOf(error)) return false;
  if (attempt(() => cause.cause, undefined) !== undefined) return false;
  const message = attempt(() => `${cause.message}`, "");
  return message !== "" && headline(error).length > message.length && headline(error).endsWith(message);
}

export const brief = (value: unknown): string =>
  attempt(
    () => Deno.inspect(value, { depth: 0, iterableLimit: 3, strAbbreviateSize: 80 }),
    "a value that cannot be printed",
  );

/** The error with its frames, and what caused it. */
export function describeError(thrown: unknown): string {
  const lines: string[] = [];
  let lead = "";
  for (let value = thrown, depth = 0; depth <= CAUSES_MOST; depth++) {
    if (!isError(value)) {
      lines.push(lead + attempt(() => Deno.inspect(value), "a value that cannot be printed"));
      break;
    }
    const error: Error & { errors?: unknown } = value;
    lines.push(lead + headline(error));
    const frames = framesOf(error);
    if (frames !== "") lines.push(frames);
    const errors = attempt(() => error.errors, undefined);
    if (Array.isArray(errors)) {
      errors.slice(0, CAUSES_MOST).forEach((one, i) =>
        lines.push(`[${i}] ${isError(one) ? headline(one) : brief(one)}`)
      );
    }
    const cause = attempt(() => error.cause, undefined);
    if (cause === undefined || isSaid(cause, error)) break;
    value = cause;
    lead = "Caused by: ";
  }
  return lines.join("\n");
}

/** The message on a line of its own, then stack and causes. */
export function exitText(thrown: unknown): string {
  const text = named(describeError(thrown));
  const message = isError(thrown) ? headline(thrown) : text;
  const rest = text.slice(message.length);
  return (message.slice(0, TEXT_MOST).replaceAll("\n", " ") + (rest === "" ? "\n" : rest)).slice(0, 2 * TEXT_MOST);
}
