/** A deploy: the bundle is evaluated, its handler found, and all made ready to be frozen. */
import { endInit } from "./host_calls.ts";
import { capturedServer } from "./deno_serve.ts";
import { fail } from "./failures.ts";
import { lambdaHandler } from "./lambda.ts";
import { ExitCode, native } from "./native.ts";
import { parseJson, toJson } from "./primordials.ts";
import { type Handler, serveWith } from "./serve.ts";
import { type Settings, settings } from "./settings.ts";
import { limitTimers } from "./timers.ts";

type Kind = "handler" | "fetch" | "serve" | "lambda";

/** While a module is evaluated stacks may be long: a package that fails deep inside names the user's line, too. */
const INIT_FRAMES = 64;
const stackLimits = Error as unknown as { stackTraceLimit: number };
const usualFrames = stackLimits.stackTraceLimit;

export function onDeploy(context: string): void {
  Object.assign(settings, parseJson(context) as Settings);
  native.setLimits(settings.memoryBytes, settings.logBytes);
  limitTimers(settings.timers);
  stackLimits.stackTraceLimit = INIT_FRAMES;
  let evaluation: Promise<void>;
  try {
    evaluation = native.evaluate(settings.file);
  } catch (error) {
    return native.importsWereRefused() ? native.exit(ExitCode.UNSUPPORTED, `${error}\n`) : fail(error);
  }
  native.promiseThen(evaluation, finish, fail);
}

function finish(): void {
  try {
    const [kind, handler] = findHandler(native.moduleExports());
    const call = endInit();
    if (call !== null) throw call;
    if (stackLimits.stackTraceLimit === INIT_FRAMES) stackLimits.stackTraceLimit = usualFrames;
    serveWith(handler);
    native.settleHeap();
    native.respond(200, "content-type\napplication/json\n", toJson({ kind }), false);
  } catch (error) {
    fail(error);
  }
}

const isFunction = (value: unknown): value is (...args: unknown[]) => unknown => typeof value === "function";
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** A class with a static `fetch` is an app as it is. Of classes alone the prototype cannot be replaced. */
function isClass(value: unknown): boolean {
  if (!isFunction(value) || isFunction((value as { fetch?: unknown }).fetch)) return false;
  return Object.getOwnPropertyDescriptor(value, "prototype")?.writable === false;
}

/** The first that fits. */
function findHandler(exports: Record<string, unknown>): [Kind, Handler] {
  const { default: main, handler } = exports;
  if (isClass(main)) {
    throw new TypeError(
      "Cannot find a handler: the default export is a class, and nobody makes an instance of it. Export one: " +
        "`export default new App()`",
    );
  }
  if (isFunction(main) && !isFunction((main as { fetch?: unknown }).fetch)) return ["handler", main as Handler];
  if ((isObject(main) || isFunction(main)) && isFunction((main as { fetch?: unknown }).fetch)) {
    const app = main as { fetch: Handler };
    buildRouter(app);
    return ["fetch", (request, context) => app.fetch(request, context)];
  }
  const server = capturedServer();
  if (server !== null) return ["serve", server];
  if (isFunction(handler)) return ["lambda", lambdaHandler(handler)];
  throw new TypeError(
    `Cannot find a handler: the module exports ${described(exports)}. A default function, a default object with ` +
      "fetch(), a function called handler, or a call of Deno.serve() is expected",
  );
}

const NAMES_SHOWN = 10;

/** `default (a number), helper (a function)`. */
function described(exports: Record<string, unknown>): string {
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
