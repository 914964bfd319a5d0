import type { Clock } from "./clock.ts";

export interface Alarm {
  readonly atMs: number;
  readonly ring: () => void;
  readonly slot: number;
}

/**
 * All deadlines of everything that waits, on one ticker: alarms are kept by the tick that they fall into, so that setting and
 * clearing one costs the same however many there are. An alarm rings at most one tick late.
 */
export class Deadlines {
  readonly #slots = new Map<number, Set<Alarm>>();
  #size = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ticked = 0;

  constructor(readonly clock: Clock, readonly tickMs = 5) {}

  get size(): number {
    return this.#size;
  }

  at(atMs: number, ring: () => void): Alarm {
    const slot = Math.max(Math.ceil(atMs / this.tickMs), this.#ticked + 1);
    const alarm = { atMs, ring, slot };
    const alarms = this.#slots.get(slot);
    if (alarms) alarms.add(alarm);
    else this.#slots.set(slot, new Set([alarm]));
    if (this.#size++ === 0) this.#start();
    return alarm;
  }

  clear(alarm: Alarm): void {
    const alarms = this.#slots.get(alarm.slot);
    if (!alarms?.delete(alarm)) return;
    if (alarms.size === 0) this.#slots.delete(alarm.slot);
    this.#size--;
  }

  #start(): void {
    this.#ticked = Math.floor(this.clock.monotonic() / this.tickMs);
    if (this.#timer === undefined) this.#schedule();
  }

  #schedule(): void {
    this.#timer = setTimeout(() => this.#tick(), this.tickMs);
  }

  #tick(): void {
    this.#timer = undefined;
    const now = Math.floor(this.clock.monotonic() / this.tickMs);
    while (this.#ticked < now && this.#size > 0) {
      const alarms = this.#slots.get(++this.#ticked);
      if (alarms === undefined) continue;
      for (const alarm of alarms) {
        alarms.delete(alarm);
        this.#size--;
        alarm.ring();
      }
      this.#slots.delete(this.#ticked);
    }
    this.#ticked = now;
    if (this.#size > 0) this.#schedule();
  }
}
