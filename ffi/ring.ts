import { LAYOUT, RING } from "./layout.ts";

/** What the ring needs of the shim; synchronous, a few nanoseconds each. */
export interface RingCalls {
  submit(slot: number): void;
  wake(): void;
  /** False: it cannot be run on this thread now. */
  runInline(slot: number): boolean;
  /** True: the guest ran in that slot's step and was killed; its completion will say so. */
  cancel(slot: number): boolean;
  /**
   * The queue was read up to `head`: asks for a byte at the next completion, or, where that is in another process, once so
   * many are there or nothing more is done. True: something is complete already.
   */
  park(head: number, batch: number): boolean;
  /** Of a ring in another process: brings what is complete over here. */
  collect?(): void;
  /** Of such a ring: looks how many steps were taken. */
  count?(): void;
}

/** Told of a step's end; the slot is free for others when it returns. */
export type StepDone = (slot: number) => void;

const HIGH = 2 ** 32;

/**
 * The shared memory between this process and its engine: slots that carry one step each, and the queue of those that are
 * complete. Steps go in by a synchronous call, and come out when `drain` is called: whoever owns the wake socket does that.
 */
export class Ring {
  readonly slots: number;
  readonly #calls: RingCalls;
  readonly #words: Uint32Array<ArrayBuffer>;
  readonly #ring: Int32Array<ArrayBuffer>;
  readonly #free: number[] = [];
  readonly #done: (StepDone | null)[];
  readonly #slotsAt: number;
  readonly #queueAt: number;
  readonly #queueMask: number;
  #head = 0;
  #inFlight = 0;
  #parks = 0;

  constructor(calls: RingCalls, readonly memory: ArrayBuffer) {
    this.#calls = calls;
    this.#words = new Uint32Array(memory);
    this.#ring = new Int32Array(memory);
    this.slots = this.#words[RING.slots >> 2];
    this.#slotsAt = this.#words[RING.slotsOffset >> 2];
    this.#queueAt = this.#words[RING.queueOffset >> 2] >> 2;
    this.#queueMask = this.#words[RING.queueMask >> 2];
    this.#done = new Array(this.slots).fill(null);
    for (let slot = this.slots - 1; slot >= 0; slot--) this.#free.push(slot);
  }

  /** Steps that were submitted and are not complete. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** How often a byte was asked for: no more than that can come. */
  get parks(): number {
    return this.#parks;
  }

  /** Steps that no worker has taken yet. */
  get waiting(): number {
    const known = Atomics.load(this.#ring, RING.stepsWaiting >> 2);
    if (known === 0 || !this.#calls.count) return known;
    this.#calls.count();
    return Atomics.load(this.#ring, RING.stepsWaiting >> 2);
  }

  get available(): number {
    return this.#free.length;
  }

  /** The slot that was freed last, so that few slots' memory is ever touched; -1: none is free. */
  take(): number {
    return this.#free.pop() ?? -1;
  }

  release(slot: number): void {
    this.#free.push(slot);
  }

  inOffset(slot: number): number {
    return this.#slotsAt + slot * LAYOUT.slotBytes + LAYOUT.slotIn;
  }

  outOffset(slot: number): number {
    return this.#slotsAt + slot * LAYOUT.slotBytes + LAYOUT.slotOut;
  }

  set(slot: number, field: number, value: number): void {
    this.#words[this.#field(slot, field)] = value;
  }

  get(slot: number, field: number): number {
    return this.#words[this.#field(slot, field)];
  }

  /** Times: whole nanoseconds, exact up to 2^53. */
  setWide(slot: number, field: number, value: number): void {
    const at = this.#field(slot, field);
    this.#words[at] = value % HIGH;
    this.#words[at + 1] = value / HIGH;
  }

  getWide(slot: number, field: number): number {
    const at = this.#field(slot, field);
    return this.#words[at] + this.#words[at + 1] * HIGH;
  }

  /** Queues a step; nobody may look before `wake`. */
  submit(slot: number, done: StepDone): void {
    this.#done[slot] = done;
    this.#inFlight++;
    this.#calls.submit(slot);
  }

  wake(): void {
    this.#calls.wake();
  }

  runInline(slot: number): boolean {
    return this.#calls.runInline(slot);
  }

  cancel(slot: number): boolean {
    return this.#calls.cancel(slot);
  }

  /** Hands out what is complete. Returns how many steps that were. */
  drain(): number {
    let count = 0;
    this.#calls.collect?.();
    while (this.#head !== (Atomics.load(this.#ring, RING.queueTail >> 2) >>> 0)) {
      const slot = this.#words[this.#queueAt + (this.#head & this.#queueMask)];
      this.#head = (this.#head + 1) >>> 0;
      const done = this.#done[slot];
      this.#done[slot] = null;
      this.#inFlight--;
      done!(slot);
      this.release(slot);
      count++;
    }
    return count;
  }

  /** Asks for a byte on the wake socket, see RingCalls. False: something is complete already, so drain again. */
  park(batch = 1): boolean {
    this.#parks++;
    return !this.#calls.park(this.#head, batch);
  }

  #field(slot: number, field: number): number {
    return (this.#slotsAt + slot * LAYOUT.slotBytes + field) >> 2;
  }
}
