import type { Native } from "../../../ffi/native.ts";
import { Steps, type StepsContext } from "../steps.ts";

export interface EngineOptions extends StepsContext {
  readonly native: Native;
  /** The region that `native.open` returned. */
  readonly memory: ArrayBuffer;
  readonly workers: number;
  readonly stepsPerFunction: number;
}

/** The native engine in this process. */
export class Engine {
  readonly native: Native;
  readonly steps: Steps;
  #wake: Deno.UnixConn | null = null;

  constructor(options: EngineOptions) {
    this.native = options.native;
    this.steps = new Steps({ ...options, calls: options.native, nowNs: options.native.nowNs() });
  }

  /** Serves completions until the connection is closed. */
  serve(wake: Deno.UnixConn): void {
    this.#wake = wake;
    this.steps.serve(wake, () => {});
  }

  async close(): Promise<void> {
    this.steps.turns.close();
    this.#wake?.close();
    await this.native.close();
  }
}
