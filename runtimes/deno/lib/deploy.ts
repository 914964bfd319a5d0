/** A deploy: the bundle is evaluated, and its handler found. It is no request: what serves those never sees anything else. */
import { setImmediate } from "node:timers";
import { ExitCode, FrameType, RequestString } from "../../../ffi/layout.ts";
import { findHandler } from "../../shared/handlers.ts";
import { learnSettings, settings } from "../../shared/settings.ts";
import { capturedServer } from "./deno_serve.ts";
import { becomeFunction } from "./environment.ts";
import { exitText } from "./error_text.ts";
import type { Handler } from "./exchange.ts";
import { lambda } from "./lambda.ts";
import { input, listen, stopListening } from "./line.ts";
import { endLog } from "./log.ts";
import { output } from "./output.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** While a module is evaluated stacks may be long: a package that fails deep inside names the user's line, too. */
const INIT_FRAMES = 64;
/** More than nothing, or the event loop does not look for what came. */
const ENDS_ARE_SEEN_MS = 2;

/** Waits for the function; for another one, where that was none. */
export function awaitDeploy(onHandler: (handler: Handler) => void): void {
  const bundle = receive();
  // The event loop does not end while a module waits.
  listen(() => {});
  evaluate(bundle).then(
    ([kind, handler]) => {
      tell(kind);
      end(ExitCode.OK, "", () => onHandler(handler));
    },
    (error) => end(ExitCode.EXCEPTION, exitText(error), () => awaitDeploy(onHandler)),
  );
}

function receive(): Bytes[] {
  const parts: Bytes[] = [];
  for (;;) {
    while (!input.next()) {
      output.flush();
      if (!input.wait()) Deno.exit(0);
    }
    if (input.type === FrameType.HEAD) {
      learnSettings(JSON.parse(input.strings(RequestString.STRINGS)[RequestString.CONTEXT]));
    } else if (input.type === FrameType.CHUNK) {
      parts.push(input.payload.slice());
      output.word(FrameType.CREDIT, input.payload.length);
    } else if (input.type === FrameType.END) return parts;
  }
}

async function evaluate(parts: Bytes[]) {
  becomeFunction(settings);
  const usual = Error.stackTraceLimit;
  Error.stackTraceLimit = INIT_FRAMES;
  const url = URL.createObjectURL(new Blob(parts, { type: "text/javascript" }));
  try {
    const exports = await import(url);
    return findHandler<Handler>(exports, { server: capturedServer(), lambda });
  } finally {
    URL.revokeObjectURL(url);
    if (Error.stackTraceLimit === INIT_FRAMES) Error.stackTraceLimit = usual;
  }
}

function tell(kind: string): void {
  output.text(FrameType.HEAD, 200, "content-type\napplication/json\n");
  output.text(FrameType.CHUNK, 0, JSON.stringify({ kind }));
  output.text(FrameType.END, 0, "");
}

/** Microtasks do not run within one, which this is; and what was rejected is told of before that. */
function end(code: number, text: string, goOn: () => void): void {
  setImmediate(() => {
    endLog();
    output.text(FrameType.EXIT, code, text);
    output.flush();
    stopListening();
    // The server has ended what init left connected: the pool that has it sees that when the event loop looks.
    setTimeout(goOn, ENDS_ARE_SEEN_MS);
  });
}
