import { setImmediate } from "node:timers";
import type { Ring } from "../../ffi/ring.ts";

/** One step that is ready to run on a worker. */
export interface Turn {
  /** Steps of one line run in order; lines take turns. */
  readonly line: TurnLine;
  /** Puts the step into the slot. False: it is no longer wanted. */
  fill(slot: number): boolean;
  /** The step is complete; the slot is not the turn's any more when this returns. */
  done(slot: number): void;
}

/** One function's steps. */
export class TurnLine {
  readonly waiting: Turn[] = [];
  /** Time that it may still use before the next line's turn. */
  creditUs = 0;
  /** Steps that workers have now. */
  running = 0;
  /** What a step costs, on average. */
  costUs = 100;
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
  readonly #active: TurnLine[] = [];
  #short = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  /** Work of steps that no worker was told of. */
  #untoldUs = 0;
  #tellsSoon = false;

  /** `perLine`: how many steps of one function may run at once, long ones included. */
  constructor(ring: Ring, options: { workers: number; perLine: number }) {
    this.#ring = ring;
    this.#workers = options.workers;
    this.#perLine = options.perLine;
  }

  get waiting(): number {
    return this.#active.reduce((sum, line) => sum + line.waiting.length, 0);
  }

  /** Steps of short functions that wait or that workers have. */
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
    if (line.waiting.push(turn) === 1) this.#active.push(line);
    this.pump();
  }

  /** Hands steps to the workers as long as they have little to do. */
  pump(): void {
    if (this.#closed) return;
    let blocked = 0;
    while (this.#active.length > blocked && this.#hasRoom()) {
      const line = this.#active[0];
      if (line.creditUs <= 0 || line.running >= this.#perLine) {
        if (line.running >= this.#perLine) {
          blocked++;
        } else {
          line.creditUs += QUANTUM_US;
          blocked = 0;
        }
        this.#active.push(this.#active.shift()!);
        continue;
      }
      blocked = 0;
      this.#start(line);
    }
    if (this.#active.length > 0) this.#lookAgain();
  }

  #hasRoom(): boolean {
    const { waiting, available } = this.#ring;
    if (available <= KEPT_FOR_INLINE) return false;
    return waiting === 0 || waiting * this.#active[0].costUs < AHEAD_US * this.#workers;
  }

  #start(line: TurnLine): void {
    const slot = this.#ring.take();
    const turn = line.waiting.shift()!;
    if (line.waiting.length === 0) {
      this.#active.shift();
      line.creditUs = 0;
    }
    if (!turn.fill(slot)) {
      this.#ring.release(slot);
      return;
    }
    this.submit(turn, slot);
  }

  /** Hands over a step that is in its slot. */
  submit(turn: Turn, slot: number): void {
    const { line } = turn;
    line.creditUs = Math.max(line.creditUs - line.costUs, -MOST_DEBT_US);
    line.running++;
    const short = line.costUs <= SHORT_US ? 1 : 0;
    this.#short += short;
    this.#ring.submit(slot, (done) => {
      line.running--;
      this.#short -= short;
      turn.done(done);
    });
    this.#untoldUs += line.costUs;
    if (this.#untoldUs >= WORTH_A_WAKE_US) this.wake();
    else this.#wakeSoon();
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
