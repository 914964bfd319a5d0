import { setImmediate } from "node:timers";
import { SLOT, StepResult } from "../../ffi/layout.ts";
import type { Ring } from "../../ffi/ring.ts";

/** One step that is ready to run on a worker. */
export interface Turn {
  /** Steps of one line run in order; lines take turns. */
  readonly line: TurnLine;
  /** False: workers only. */
  readonly isForAnyThread: boolean;
  /** Its sandbox is there already. */
  readonly isBegun?: boolean;
  /** Puts the step into the slot. False: it is no longer wanted. */
  fill(slot: number): boolean;
  /** The step is complete; the slot is not the turn's any more when this returns. */
  done(slot: number): void;
}

/** So many steps of sandboxes that are there go before one that begins another. */
const BEGUN_FIRST = 4;

/** One function's steps, of one ring. */
export class TurnLine {
  readonly #begun: Turn[] = [];
  readonly #new: Turn[] = [];
  #begunInARow = 0;
  /** Time that it may still use before the next line's turn. */
  creditUs = 0;
  /** Steps that workers have now. */
  running = 0;
  /** What a step costs, on average. */
  costUs = 100;

  get length(): number {
    return this.#begun.length + this.#new.length;
  }

  /** Whose turn it is: what was begun is ended first, and leaves its sandbox to the next, which costs less than another. */
  get first(): Turn | undefined {
    return this.#next[0];
  }

  push(turn: Turn): void {
    (turn.isBegun ? this.#begun : this.#new).push(turn);
  }

  shift(): Turn {
    const next = this.#next;
    this.#begunInARow = next === this.#begun ? this.#begunInARow + 1 : 0;
    return next.shift()!;
  }

  get #next(): Turn[] {
    if (this.#new.length === 0) return this.#begun;
    return this.#begun.length === 0 || this.#begunInARow >= BEGUN_FIRST ? this.#new : this.#begun;
  }
}

/** A function whose steps are so short is called a short one. */
export const SHORT_US = 400;
/** What a line gets at each of its turns. */
const QUANTUM_US = 500;
/** A line that used very much waits for this many rounds of the others, not for ever. */
const MOST_DEBT_US = 20 * QUANTUM_US;
/** So much work is handed to the workers ahead of time: what is there can no longer be overtaken. */
const AHEAD_US = 300;
/** To wake a worker costs about 8 us: short steps are handed over several at a time, at the latest when the event loop turns. */
const WORTH_A_WAKE_US = 100;
/** With less before the workers than this, the server's own thread has enough to do with what comes in and goes out. */
const WORTH_HELPING_US = 1000;
/** After so many steps that were alone, one after the other, the next one is expected to be. */
const ALONE_IN_A_ROW = 4;
/** An inline run needs a slot while all others are in use. */
const KEPT_FOR_INLINE = 1;
const AVERAGE_OVER = 8;

/**
 * Which step a worker gets next. Functions take turns by the time that they use (deficit round robin), and only little is queued
 * ahead in the ring, so that a flood of one function makes itself wait and nobody else.
 */
export class Turns {
  readonly #ring: Ring;
  readonly #workers: number;
  readonly #perLine: number;
  readonly #aheadUs: number;
  readonly #onAlone: ((line: TurnLine) => void) | undefined;
  readonly #active: TurnLine[] = [];
  #short = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  #aloneInARow = 0;
  /** Work of steps that no worker was told of. */
  #untoldUs = 0;
  #tellsSoon = false;

  /**
   * `perLine`: how many steps of one function may run at once, long ones included. `onAlone`: a worker is woken at once
   * for a step that is alone, however short it is, and where steps come one by one this is called for it.
   */
  constructor(
    ring: Ring,
    options: { workers: number; perLine: number; aheadUs?: number; onAlone?: (line: TurnLine) => void },
  ) {
    this.#ring = ring;
    this.#workers = options.workers;
    this.#perLine = options.perLine;
    this.#aheadUs = options.aheadUs ?? AHEAD_US;
    this.#onAlone = options.onAlone;
  }

  get waiting(): number {
    return this.#active.reduce((sum, line) => sum + line.length, 0);
  }

  /** Steps of short functions that are in the ring: they wait there, or workers have them. */
  get shortSteps(): number {
    return this.#short;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** The engine is going away: no step starts any more. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  add(turn: Turn): void {
    if (this.#closed) return;
    const { line } = turn;
    line.push(turn);
    if (line.length === 1) this.#active.push(line);
    this.pump();
  }

  /** Hands steps to the workers as long as they have little to do. */
  pump(): void {
    if (this.#closed) return;
    while (this.#active.length > 0 && this.#hasRoom()) {
      const line = this.#next();
      if (line === null) break;
      const slot = this.#ring.take();
      const turn = this.#take(line, slot);
      if (turn) this.submit(turn, slot);
    }
    if (this.#active.length > 0) this.#lookAgain();
  }

  /** Does one step here, on this thread, that the workers have no room for. False: there is none, or none so short. */
  help(): boolean {
    if (this.#closed || !this.#isBehind()) return false;
    const line = this.#next();
    if (line === null || line.costUs > SHORT_US || !line.first!.isForAnyThread) return false;
    const slot = this.#ring.take();
    if (slot < 0) return false;
    const turn = this.#take(line, slot);
    if (turn && !this.runInline(turn, slot)) this.submit(turn, slot);
    return true;
  }

  #isBehind(): boolean {
    let us = 0;
    for (const { length, costUs } of this.#active) {
      us += length * costUs;
      if (us >= WORTH_HELPING_US) return true;
    }
    return false;
  }

  /** Does the step that is in the slot on this thread. False: it is too long for that, and as it was. */
  runInline(turn: Turn, slot: number): boolean {
    const ring = this.#ring;
    if (!ring.runInline(slot) || ring.get(slot, SLOT.result) === StepResult.INLINE) return false;
    turn.done(slot);
    ring.release(slot);
    return true;
  }

  /** The line whose turn it is, first of all from now on; null: nobody waits, or all that wait have enough at the workers. */
  #next(): TurnLine | null {
    for (let blocked = 0; blocked < this.#active.length;) {
      const line = this.#active[0];
      const isBlocked = line.running >= this.#perLine;
      if (!isBlocked && line.creditUs > 0) return line;
      if (!isBlocked) line.creditUs += QUANTUM_US;
      blocked = isBlocked ? blocked + 1 : 0;
      this.#active.push(this.#active.shift()!);
    }
    return null;
  }

  #hasRoom(): boolean {
    const { waiting, available } = this.#ring;
    if (available <= KEPT_FOR_INLINE) return false;
    return waiting === 0 || waiting * this.#active[0].costUs < this.#aheadUs * this.#workers;
  }

  /** The line's next step, put into the slot; null: it is no longer wanted. */
  #take(line: TurnLine, slot: number): Turn | null {
    const turn = line.shift();
    if (line.length === 0) {
      this.#active.shift();
      line.creditUs = 0;
    }
    if (!turn.fill(slot)) {
      this.#ring.release(slot);
      return null;
    }
    line.creditUs = Math.max(line.creditUs - line.costUs, -MOST_DEBT_US);
    return turn;
  }

  /** Hands over a step that is in its slot. */
  submit(turn: Turn, slot: number): void {
    const { line } = turn;
    line.running++;
    const short = line.costUs <= SHORT_US ? 1 : 0;
    this.#short += short;
    this.#ring.submit(slot, (done) => {
      line.running--;
      this.#short -= short;
      turn.done(done);
    });
    this.#untoldUs += line.costUs;
    const isAlone = this.#onAlone !== undefined && this.#ring.inFlight === 1;
    if (isAlone || this.#untoldUs >= WORTH_A_WAKE_US) this.wake();
    else this.#wakeSoon();
    this.#aloneInARow = isAlone ? this.#aloneInARow + 1 : 0;
    if (this.#aloneInARow > ALONE_IN_A_ROW) this.#onAlone!(line);
  }

  #wakeSoon(): void {
    if (this.#tellsSoon) return;
    this.#tellsSoon = true;
    setImmediate(() => {
      this.#tellsSoon = false;
      this.wake();
    });
  }

  /** Tells the workers what they have not been told of. */
  wake(): void {
    if (this.#untoldUs === 0 || this.#closed) return;
    this.#untoldUs = 0;
    this.#ring.wake();
  }

  /** A worker that was let ahead of a long run takes what is queued, and no completion tells of that. */
  #lookAgain(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.pump();
    }, 1);
  }
}

export function learnCost(line: TurnLine, us: number): void {
  line.costUs += (us - line.costUs) / AVERAGE_OVER;
}
