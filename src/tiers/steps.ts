import { setImmediate } from "node:timers";
import { SLOT, StepFlag } from "../../ffi/layout.ts";
import { Ring, type RingCalls } from "../../ffi/ring.ts";
import type { Clock } from "../clock.ts";
import type { Deadlines } from "../deadlines.ts";
import type { Host } from "../host/host.ts";
import type { SandboxRef } from "./run_options.ts";
import { SHORT_US, type TurnLine, Turns } from "./turns.ts";
import { FrameReader, FrameWriter } from "./wire.ts";

/**
 * Where completions are taken one by one: while short steps are out the ring is looked at in so many turns of the event loop
 * before its socket is waited for.
 */
const TURNS_BEFORE_PARKING = 4;
/** So long after its usual time the end of a step that is alone is waited for in sleep. */
const LOOK_BEYOND_US = 200;
/**
 * To another process, and back, many short steps go at once: each time that this thread is woken costs as much as a step, and
 * the memory that they use beside it makes it slow at first. (32 connections: 4,200 requests a second one by one, 7,900 so.)
 */
const AHEAD_ELSEWHERE_US = 2000;
/** Three quarters of those that are out are waited for, and so many at most. */
const MOST_WAITED_FOR = 24;
/** But for no longer than this, where one turns out to be long. */
const WAITED_MS = 2;
const TOLD_BYTES = 4096;
const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

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
  /**
   * It is in another process, and its steps can be done by nobody else. One that is alone does not wait for more to come, and
   * is looked for; where there are many, several are handed over and taken back at once.
   */
  readonly isElsewhere?: boolean;
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
  readonly #isElsewhere: boolean;
  #isSpinning = false;
  #early: ReturnType<typeof setInterval> | undefined;
  #trouble: unknown = null;

  constructor(options: StepsOptions) {
    const { calls, memory, clock, deadlines, host, workers, stepsPerFunction, isElsewhere = false, nowNs } = options;
    this.clock = clock;
    this.deadlines = deadlines;
    this.host = host;
    this.ring = new Ring(calls, memory);
    this.writer = new FrameWriter(memory);
    this.reader = new FrameReader(memory);
    this.turns = new Turns(this.ring, {
      workers,
      perLine: stepsPerFunction,
      aheadUs: isElsewhere ? AHEAD_ELSEWHERE_US : undefined,
      onAlone: isElsewhere ? ({ costUs }) => this.#spinFor(costUs) : undefined,
    });
    this.#isElsewhere = isElsewhere;
    this.#shimEpochMs = Number(nowNs) / 1e6 - clock.monotonic();
  }

  toShimNs(ms: number): number {
    return Math.round((ms + this.#shimEpochMs) * 1e6);
  }

  /** Hands out completions, and what else comes on the socket, until that or `turns` is closed. */
  async serve(wake: Deno.UnixConn, told: (bytes: Uint8Array) => void): Promise<void> {
    const bytes = new Uint8Array(TOLD_BYTES);
    for (let idle = 0; !this.turns.isClosed; idle++) {
      if (this.ring.drain() > 0) idle = 0;
      this.turns.pump();
      this.turns.wake();
      const helped = this.turns.help();
      const batch = this.#batch;
      if (helped || (batch === 1 && this.turns.shortSteps > 0 && idle < TURNS_BEFORE_PARKING)) {
        await nextTurn();
        continue;
      }
      idle = 0;
      if (!this.ring.park(batch)) continue;
      if (batch > 1) this.#early = setInterval(() => this.#takeEarly(), WAITED_MS);
      const count = await wake.read(bytes).catch(() => null);
      this.#stopTakingEarly();
      if (this.#trouble !== null) throw this.#trouble;
      if (count === null) return;
      told(bytes.subarray(0, count));
    }
  }

  /** So many completions are waited for. */
  get #batch(): number {
    if (!this.#isElsewhere) return 1;
    return Math.min(Math.max(1, this.turns.shortSteps * 3 >> 2), MOST_WAITED_FOR);
  }

  /** Takes what is complete though fewer are than were waited for. */
  #takeEarly(): void {
    this.#hasEnded();
    if (this.turns.isClosed || this.#trouble !== null) return this.#stopTakingEarly();
    this.turns.wake();
    const batch = this.#batch;
    if (this.ring.park(batch) && batch === 1) this.#stopTakingEarly();
  }

  #stopTakingEarly(): void {
    clearInterval(this.#early);
    this.#early = undefined;
  }

  /**
   * To be woken takes longer than a short step does. So while one is all that is out, and this thread has nothing to do but
   * what comes in, its end is looked for.
   */
  #spinFor(costUs: number): void {
    if (this.#isSpinning || costUs > SHORT_US) return;
    this.#isSpinning = true;
    const endMs = this.clock.monotonic() + (costUs + LOOK_BEYOND_US) / 1000;
    const look = () => {
      const isWorthIt = this.ring.inFlight === 1 && this.clock.monotonic() < endMs && !this.turns.isClosed;
      if (isWorthIt && !this.#hasEnded()) return void setImmediate(look);
      this.#isSpinning = false;
    };
    setImmediate(look);
  }

  /** It, or the other side: that is stopped for what is wrong with it, and `serve` tells. */
  #hasEnded(): boolean {
    try {
      return this.ring.drain() > 0;
    } catch (error) {
      this.#trouble = error;
      return true;
    } finally {
      this.turns.pump();
    }
  }

  /** Throws a parked or held sandbox away, on a worker: clearing much memory takes time. */
  discard(line: TurnLine, { sandbox, generation }: SandboxRef): void {
    this.turns.add({
      line,
      isForAnyThread: false,
      isBegun: true,
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
