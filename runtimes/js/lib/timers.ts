/** Timers: a heap by time. The engine knows the earliest, and calls when it is due. */
import { reportException } from "./exceptions.ts";
import { native } from "./native.ts";
import { apply, mapDelete, mapGet, mapSet, mapSize, pop, push } from "./primordials.ts";

interface Timer {
  readonly id: number;
  readonly callback: (...args: unknown[]) => void;
  readonly args: unknown[];
  /** null: it runs once. */
  readonly intervalMs: number | null;
  dueMs: number;
  /** Between equals the one that was set first is first. */
  order: number;
  cleared: boolean;
}

/** An interval of less would keep the host from its turn. */
const SHORTEST_INTERVAL_MS = 1;
const LONGEST_MS = 2 ** 31 - 1;

const open = new Map<number, Timer>();
const heap: Timer[] = [];
let lastId = 0;
let lastOrder = 0;
let most = Infinity;

export function limitTimers(count: number): void {
  most = count;
}

const isBefore = (a: Timer, b: Timer): boolean => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);

function add(timer: Timer): void {
  timer.order = ++lastOrder;
  let at = push(heap, timer) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (isBefore(heap[parent], timer)) break;
    heap[at] = heap[parent];
    at = parent;
  }
  heap[at] = timer;
}

function takeFirst(): Timer | undefined {
  const first = heap[0];
  const last = pop(heap);
  if (last === undefined || last === first) return first;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child++;
    if (isBefore(last, heap[child])) break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = last;
  return first;
}

/** Cleared timers leave the heap when they come up. */
function tellEngine(): void {
  while (heap.length > 0 && heap[0].cleared) takeFirst();
  native.setNextTimer(heap.length === 0 ? Infinity : heap[0].dueMs);
}

function milliseconds(delay: unknown): number {
  const ms = Number(delay);
  return ms >= 0 && ms <= LONGEST_MS ? ms : 0;
}

function start(callback: unknown, delay: number, repeats: boolean, args: unknown[]): number {
  if (typeof callback !== "function") throw new TypeError("Cannot set a timer: its callback is no function");
  if (mapSize(open) >= most) throw new RangeError(`Cannot set a timer: ${most} are open already`);
  const intervalMs = repeats && delay < SHORTEST_INTERVAL_MS ? SHORTEST_INTERVAL_MS : delay;
  const timer: Timer = {
    id: ++lastId,
    callback: native.bindAsyncContext(callback as Timer["callback"]),
    args,
    intervalMs: repeats ? intervalMs : null,
    dueMs: native.now() + intervalMs,
    order: 0,
    cleared: false,
  };
  mapSet(open, timer.id, timer);
  add(timer);
  if (heap[0] === timer) tellEngine();
  return timer.id;
}

export const setTimeout = (callback: unknown, delay?: unknown, ...args: unknown[]): number =>
  start(callback, milliseconds(delay), false, args);

export const setInterval = (callback: unknown, delay?: unknown, ...args: unknown[]): number =>
  start(callback, milliseconds(delay), true, args);

export const clearTimeout = (id?: unknown): void => {
  const timer = mapGet(open, Number(id));
  if (timer === undefined) return;
  timer.cleared = true;
  mapDelete(open, timer.id);
  tellEngine();
};

export const clearInterval = (id?: unknown): void => clearTimeout(id);

/** The earliest timer is due. */
export function onTimer(): void {
  const timer = takeFirst();
  if (timer === undefined) return;
  if (timer.intervalMs === null) {
    mapDelete(open, timer.id);
  } else {
    timer.dueMs = native.now() + timer.intervalMs;
    add(timer);
  }
  tellEngine();
  try {
    apply(timer.callback, globalThis, timer.args);
  } catch (error) {
    reportException(error);
  }
}
