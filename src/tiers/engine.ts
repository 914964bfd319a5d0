import { setImmediate } from "node:timers";
import { SLOT, StepFlag } from "../../ffi/layout.ts";
import type { Native } from "../../ffi/native.ts";
import { Ring } from "../../ffi/ring.ts";
import type { Clock } from "../clock.ts";
import type { Deadlines } from "../deadlines.ts";
import type { Host } from "../host/host.ts";
import { type TurnLine, Turns } from "./turns.ts";
import { FrameReader, FrameWriter } from "./wire.ts";

export interface EngineOptions {
  readonly native: Native;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly host: Host;
  /** The region that `native.open` returned. */
  readonly memory: ArrayBuffer;
  readonly workers: number;
  readonly stepsPerFunction: number;
}

/** While short steps are out the ring is looked at in so many turns of the event loop before its socket is waited for. */
const TURNS_BEFORE_PARKING = 4;
const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** An open ring with all that a run needs to use it. */
export class Engine {
  readonly ring: Ring;
  readonly writer: FrameWriter;
  readonly reader: FrameReader;
  readonly turns: Turns;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly host: Host;
  readonly native: Native;
  /** From this process's monotonic milliseconds to the shim's nanoseconds. */
  readonly #shimEpochMs: number;
  #wake: Deno.UnixConn | null = null;

  constructor(options: EngineOptions) {
    this.native = options.native;
    this.clock = options.clock;
    this.deadlines = options.deadlines;
    this.host = options.host;
    this.ring = new Ring(options.native, options.memory);
    this.writer = new FrameWriter(options.memory);
    this.reader = new FrameReader(options.memory);
    this.turns = new Turns(this.ring, { workers: options.workers, perLine: options.stepsPerFunction });
    this.#shimEpochMs = Number(options.native.nowNs()) / 1e6 - options.clock.monotonic();
  }

  toShimNs(ms: number): number {
    return Math.round((ms + this.#shimEpochMs) * 1e6);
  }

  /** Serves completions until the connection is closed. */
  async serve(wake: Deno.UnixConn): Promise<void> {
    this.#wake = wake;
    const byte = new Uint8Array(1);
    for (let turns = 0;; turns++) {
      if (this.ring.drain() > 0) turns = 0;
      this.turns.pump();
      this.turns.wake();
      const helped = this.turns.help();
      if (helped || (this.turns.shortSteps > 0 && turns < TURNS_BEFORE_PARKING)) {
        await nextTurn();
        continue;
      }
      turns = 0;
      if (!this.ring.park()) continue;
      const read = await wake.read(byte).catch(() => null);
      if (read === null) return;
    }
  }

  /** Throws a parked or held sandbox away, on a worker: clearing much memory takes time. */
  discard(line: TurnLine, { sandbox, generation }: { sandbox: number; generation: number }): void {
    this.turns.add({
      line,
      isForAnyThread: false,
      fill: (slot) => {
        this.ring.set(slot, SLOT.sandbox, sandbox);
        this.ring.set(slot, SLOT.generation, generation);
        this.ring.set(slot, SLOT.flags, StepFlag.DISCARD);
        this.ring.set(slot, SLOT.inLength, 0);
        return true;
      },
      done: () => {},
    });
  }

  async close(): Promise<void> {
    this.turns.close();
    this.#wake?.close();
    await this.native.close();
  }
}
