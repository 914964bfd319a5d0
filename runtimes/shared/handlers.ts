/** Finds how a module answers requests. */

export type Kind = "handler" | "fetch" | "serve" | "lambda";

const NAMES_SHOWN = 10;

// deno-lint-ignore no-explicit-any
const isFunction = (value: unknown): value is (...args: any[]) => unknown => typeof value === "function";
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
const hasFetch = <Handler>(value: unknown): value is { fetch: Handler } =>
  (isObject(value) || isFunction(value)) && isFunction((value as { fetch?: unknown }).fetch);

/** A class with a static `fetch` is an app as it is. Of classes alone the prototype cannot be replaced. */
const isClass = (value: unknown): boolean =>
  isFunction(value) && !hasFetch(value) && Object.getOwnPropertyDescriptor(value, "prototype")?.writable === false;

/** What a runtime makes of those that are no handlers as they are. */
export interface HandlerMakers<Handler> {
  /** Of Deno.serve(), if the module called that. */
  readonly server: Handler | null;
  // deno-lint-ignore no-explicit-any
  lambda(handler: (...args: any[]) => unknown): Handler;
}

/** The first that fits. */
export function findHandler<Handler extends (request: never, context: never) => unknown>(
  exports: Readonly<Record<string, unknown>>,
  { server, lambda }: HandlerMakers<Handler>,
): [Kind, Handler] {
  const { default: main, handler } = exports;
  if (isClass(main)) {
    throw new TypeError(
      "Cannot find a handler: the default export is a class, and nobody makes an instance of it. Export one: " +
        "`export default new App()`",
    );
  }
  if (hasFetch<Handler>(main)) {
    buildRouter(main);
    return ["fetch", ((request, context) => main.fetch(request, context)) as Handler];
  }
  if (isFunction(main)) return ["handler", main as Handler];
  if (server !== null) return ["serve", server];
  if (isFunction(handler)) return ["lambda", lambda(handler)];
  throw new TypeError(
    `Cannot find a handler: the module exports ${described(exports)}. A default function, a default object with ` +
      "fetch(), a function called handler, or a call of Deno.serve() is expected",
  );
}

/** `default (a number), helper (a function)`. */
function described(exports: Readonly<Record<string, unknown>>): string {
  const names = Object.keys(exports);
  const shown = names.slice(0, NAMES_SHOWN).map((name) => `${name} (${kindOf(exports[name])})`);
  if (names.length > NAMES_SHOWN) shown.push(`${names.length - NAMES_SHOWN} more`);
  return shown.join(", ") || "nothing";
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return `${value}`;
  const type = typeof value;
  return type === "object" ? "an object" : `a ${type}`;
}

/** A hono app builds its router at its first request, which would be in every clone: now is the better time. */
function buildRouter(app: object): void {
  const { router, routes } = app as { router?: { match?: unknown }; routes?: unknown };
  if (!Array.isArray(routes) || !isObject(router) || !isFunction(router.match)) return;
  try {
    router.match("GET", "/");
  } catch {
    // A router that refuses its routes says so at the first request, as it would without this.
  }
}
