import { setImmediate } from "node:timers";
import type { Native } from "../../ffi/native.ts";
import { Steps, type StepsContext } from "./steps.ts";

export interface EngineOptions extends StepsContext {
  readonly native: Native;
  /** The region that `native.open` returned. */
  readonly memory: ArrayBuffer;
  readonly workers: number;
  readonly stepsPerFunction: number;
}

/** While short steps are out the ring is looked at in so many turns of the event loop before its socket is waited for. */
const TURNS_BEFORE_PARKING = 4;
const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

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
  async serve(wake: Deno.UnixConn): Promise<void> {
    this.#wake = wake;
    const { ring, turns: steps } = this.steps;
    const byte = new Uint8Array(1);
    for (let turns = 0;; turns++) {
      if (ring.drain() > 0) turns = 0;
      steps.pump();
      steps.wake();
      const helped = steps.help();
      if (helped || (steps.shortSteps > 0 && turns < TURNS_BEFORE_PARKING)) {
        await nextTurn();
        continue;
      }
      turns = 0;
      if (!ring.park()) continue;
      const read = await wake.read(byte).catch(() => null);
      if (read === null) return;
    }
  }

  async close(): Promise<void> {
    this.steps.turns.close();
    this.#wake?.close();
    await this.native.close();
  }
}
