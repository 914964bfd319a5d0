import { SLOT, StepFlag } from "../../ffi/layout.ts";
import { Ring, type RingCalls } from "../../ffi/ring.ts";
import type { Clock } from "../clock.ts";
import type { Deadlines } from "../deadlines.ts";
import type { Host } from "../host/host.ts";
import type { SandboxRef } from "./run_options.ts";
import { type TurnLine, Turns } from "./turns.ts";
import { FrameReader, FrameWriter } from "./wire.ts";

/** What runs share of the server. */
export interface StepsContext {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly host: Host;
}

export interface StepsOptions extends StepsContext {
  readonly calls: RingCalls;
  /** The ring's region. */
  readonly memory: ArrayBuffer;
  readonly workers: number;
  readonly stepsPerFunction: number;
  /** CLOCK_MONOTONIC in nanoseconds. */
  readonly nowNs: bigint;
}

/** An open ring with all that a run needs to use it: the engine's in this process, or a cell's. */
export class Steps {
  readonly ring: Ring;
  readonly writer: FrameWriter;
  readonly reader: FrameReader;
  readonly turns: Turns;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly host: Host;
  /** From this process's monotonic milliseconds to the shim's nanoseconds. */
  readonly #shimEpochMs: number;

  constructor({ calls, memory, clock, deadlines, host, workers, stepsPerFunction, nowNs }: StepsOptions) {
    this.clock = clock;
    this.deadlines = deadlines;
    this.host = host;
    this.ring = new Ring(calls, memory);
    this.writer = new FrameWriter(memory);
    this.reader = new FrameReader(memory);
    this.turns = new Turns(this.ring, { workers, perLine: stepsPerFunction });
    this.#shimEpochMs = Number(nowNs) / 1e6 - clock.monotonic();
  }

  toShimNs(ms: number): number {
    return Math.round((ms + this.#shimEpochMs) * 1e6);
  }

  /** Throws a parked or held sandbox away, on a worker: clearing much memory takes time. */
  discard(line: TurnLine, { sandbox, generation }: SandboxRef): void {
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
}
