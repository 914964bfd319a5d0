/** Tells observers of the entries of a performance timeline. */
import { dictionary } from "./dictionary.ts";
import { domException } from "./dom_exception.ts";
import type { PerformanceEntry } from "./performance_entry.ts";
import { reportException } from "./exceptions.ts";
import { push } from "./primordials.ts";
import { setTimeout } from "./timers.ts";

const TYPES: readonly string[] = Object.freeze(["mark", "measure"]);

/** Of those that came before an observer: for its `buffered`. */
const past: PerformanceEntry[] = [];
const MOST_PAST = 1000;

const observers = new Set<PerformanceObserver>();
let isScheduled = false;

/** An entry has come. */
export function announce(entry: PerformanceEntry): void {
  if (past.length < MOST_PAST) push(past, entry);
  for (const observer of observers) offer(observer, entry);
}

function schedule(): void {
  if (isScheduled) return;
  isScheduled = true;
  setTimeout(() => {
    isScheduled = false;
    for (const observer of [...observers]) deliver(observer);
  }, 0);
}

let offer: (observer: PerformanceObserver, entry: PerformanceEntry) => void;
let deliver: (observer: PerformanceObserver) => void;

export class PerformanceObserverEntryList {
  readonly #entries: PerformanceEntry[];
  constructor(entries: PerformanceEntry[]) {
    this.#entries = entries.toSorted((a, b) => a.startTime - b.startTime);
  }
  getEntries(): PerformanceEntry[] {
    return [...this.#entries];
  }
  getEntriesByType(type: string): PerformanceEntry[] {
    return this.#entries.filter((entry) => entry.entryType === type);
  }
  getEntriesByName(name: string, type?: string): PerformanceEntry[] {
    return this.#entries.filter((entry) => entry.name === name && (type === undefined || entry.entryType === type));
  }
}

type Callback = (list: PerformanceObserverEntryList, observer: PerformanceObserver) => void;

interface ObserveOptions {
  entryTypes?: string[];
  type?: string;
  buffered?: boolean;
}

export class PerformanceObserver {
  readonly #callback: Callback;
  #types = new Set<string>();
  #queue: PerformanceEntry[] = [];
  #isOfMany: boolean | null = null;

  constructor(callback: Callback) {
    if (typeof callback !== "function") throw new TypeError("Cannot make an observer: its callback is no function");
    this.#callback = callback;
  }

  static get supportedEntryTypes(): readonly string[] {
    return TYPES;
  }

  observe(options?: ObserveOptions): void {
    const { entryTypes, type, buffered } = dictionary(options);
    if (entryTypes === undefined && type === undefined) {
      throw new TypeError("Cannot observe: the options have neither entryTypes nor type");
    }
    if (entryTypes !== undefined && (type !== undefined || buffered !== undefined)) {
      throw new TypeError("Cannot observe: the options have entryTypes and what goes with type alone");
    }
    const isOfMany = entryTypes !== undefined;
    if (this.#isOfMany !== null && this.#isOfMany !== isOfMany) {
      throw domException("InvalidModificationError", "Cannot observe entryTypes and a type with one observer");
    }
    this.#isOfMany = isOfMany;
    const known = (isOfMany ? [...entryTypes] : [`${type}`]).filter((name) => TYPES.includes(name));
    if (known.length === 0) return;
    this.#types = isOfMany ? new Set(known) : this.#types.add(known[0]);
    observers.add(this);
    if (buffered) { for (const entry of past) if (entry.entryType === type) offer(this, entry); }
  }

  disconnect(): void {
    observers.delete(this);
    this.#types.clear();
    this.#queue = [];
    this.#isOfMany = null;
  }

  takeRecords(): PerformanceEntry[] {
    const records = this.#queue;
    this.#queue = [];
    return records;
  }

  static {
    offer = (observer, entry) => {
      if (!observer.#types.has(entry.entryType)) return;
      push(observer.#queue, entry);
      schedule();
    };
    deliver = (observer) => {
      const records = observer.takeRecords();
      if (records.length === 0) return;
      try {
        observer.#callback(new PerformanceObserverEntryList(records), observer);
      } catch (error) {
        reportException(error);
      }
    };
  }
}
