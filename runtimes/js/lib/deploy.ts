/** A deploy: the bundle is evaluated, its handler found, and all made ready to be frozen. */
import { findHandler } from "../../shared/handlers.ts";
import { learnSettings, type Settings, settings } from "../../shared/settings.ts";
import { endInit } from "./host_calls.ts";
import { capturedServer } from "./deno_serve.ts";
import { fail } from "./failures.ts";
import { lambda } from "./lambda.ts";
import { ExitCode, native } from "./native.ts";
import { parseJson, toJson } from "./primordials.ts";
import { type Handler, serveWith } from "./serve.ts";
import { limitTimers } from "./timers.ts";

/** While a module is evaluated stacks may be long: a package that fails deep inside names the user's line, too. */
const INIT_FRAMES = 64;
const stackLimits = Error as unknown as { stackTraceLimit: number };
const usualFrames = stackLimits.stackTraceLimit;

export function onDeploy(context: string): void {
  learnSettings(parseJson(context) as Settings);
  native.setLimits(settings.memoryBytes, settings.logBytes);
  limitTimers(settings.timers!);
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
    const [kind, handler] = findHandler<Handler>(native.moduleExports(), { server: capturedServer(), lambda });
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
