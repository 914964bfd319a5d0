/** A deploy: the bundle is evaluated, and its handler found. */
import { ExitCode, FrameType, RequestString } from "../../../ffi/layout.ts";
import { becomeFunction } from "./environment.ts";
import { exitText } from "./error_text.ts";
import type { Handler } from "./exchange.ts";
import { findHandler } from "./handlers.ts";
import { endLog } from "./log.ts";
import { output } from "./output.ts";
import { learnSettings, settings } from "./settings.ts";
import type { Input } from "./wire.ts";

/** While a module is evaluated stacks may be long: a package that fails deep inside names the user's line, too. */
const INIT_FRAMES = 64;
export class Deploy {
  readonly #parts: Uint8Array<ArrayBuffer>[] = [];
  readonly #onOver: (handler: Handler | null) => void;
  #ending: { readonly code: number; readonly text: string } | null = null;

  constructor(head: Input, onOver: (handler: Handler | null) => void) {
    learnSettings(JSON.parse(head.strings(RequestString.STRINGS)[RequestString.CONTEXT]));
    this.#onOver = onOver;
  }

  take(frame: Input): void {
    if (frame.type === FrameType.CHUNK) {
      this.#parts.push(frame.payload.slice());
      output.word(FrameType.CREDIT, frame.payload.length);
    } else if (frame.type === FrameType.END) {
      this.#evaluate().then(
        ([kind, handler]) => this.#deployed(kind, handler),
        (error) => this.#end(ExitCode.EXCEPTION, exitText(error), null),
      );
    }
  }

  async #evaluate() {
    becomeFunction(settings);
    const usual = Error.stackTraceLimit;
    Error.stackTraceLimit = INIT_FRAMES;
    const url = URL.createObjectURL(new Blob(this.#parts, { type: "text/javascript" }));
    try {
      return findHandler(await import(url));
    } finally {
      URL.revokeObjectURL(url);
      if (Error.stackTraceLimit === INIT_FRAMES) Error.stackTraceLimit = usual;
    }
  }

  get isOver(): boolean {
    return this.#ending !== null;
  }

  writeExit(): void {
    const { code, text } = this.#ending!;
    endLog();
    output.text(FrameType.EXIT, code, text);
  }

  #deployed(kind: string, handler: Handler): void {
    output.text(FrameType.HEAD, 200, "content-type\napplication/json\n");
    output.text(FrameType.CHUNK, 0, JSON.stringify({ kind }));
    output.text(FrameType.END, 0, "");
    this.#end(ExitCode.OK, "", handler);
  }

  #end(code: number, text: string, handler: Handler | null): void {
    this.#ending = { code, text };
    this.#onOver(handler);
  }
}
