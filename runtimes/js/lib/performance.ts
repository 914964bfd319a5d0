import { domException } from "./dom_exception.ts";
import { EventTarget } from "./events.ts";
import { native } from "./native.ts";
import {
  type MarkOptions,
  newMeasure,
  type PerformanceEntry,
  PerformanceMark,
  type PerformanceMeasure,
} from "./performance_entry.ts";
import { announce } from "./performance_observer.ts";
import { push } from "./primordials.ts";

interface MeasureOptions {
  detail?: unknown;
  start?: string | number;
  duration?: number;
  end?: string | number;
}

/** More of them would be a leak in a request: the oldest are forgotten. */
const MOST_ENTRIES = 10_000;

/** By time; entries of one time in the order in which they came. */
let entries: PerformanceEntry[] = [];

function add(entry: PerformanceEntry): void {
  if (entries.length >= MOST_ENTRIES) entries.shift();
  push(entries, entry);
  announce(entry);
}

const inOrder = (wanted: (entry: PerformanceEntry) => boolean): PerformanceEntry[] =>
  entries.filter(wanted).sort((a, b) => a.startTime - b.startTime);

/** When a mark was, or a time as it is given. */
function timeOf(mark: string | number): number {
  if (typeof mark === "number") {
    if (!(mark >= 0)) throw new TypeError("Cannot measure from or to a time that is negative or no number");
    return mark;
  }
  const name = `${mark}`;
  const found = entries.findLast((entry) => entry.entryType === "mark" && entry.name === name);
  if (found === undefined) {
    throw domException("SyntaxError", `Cannot measure from or to the mark "${name}": there is none`);
  }
  return found.startTime;
}

function timesOf({ start, duration, end }: MeasureOptions): [start: number, end: number] {
  if (start === undefined && end === undefined) {
    throw new TypeError("Cannot measure: the options have neither start nor end");
  }
  if (start !== undefined && end !== undefined && duration !== undefined) {
    throw new TypeError("Cannot measure: the options have start, duration and end");
  }
  const last = end !== undefined
    ? timeOf(end)
    : start !== undefined && duration !== undefined
    ? timeOf(start) + duration
    : native.now();
  const first = start !== undefined ? timeOf(start) : duration !== undefined ? last - duration : 0;
  return [first, last];
}

function measured(startOrOptions: unknown, endMark: string | undefined): [start: number, end: number, detail: unknown] {
  if (typeof startOrOptions === "object" && startOrOptions !== null) {
    const { detail, start, duration, end } = startOrOptions as MeasureOptions;
    if (detail === undefined && start === undefined && duration === undefined && end === undefined) {
      if (endMark === undefined) return [0, native.now(), null];
    } else if (endMark !== undefined) {
      throw new TypeError("Cannot measure: there are options and an end mark");
    } else {
      return [...timesOf({ start, duration, end }), detail];
    }
  }
  const end = endMark === undefined ? native.now() : timeOf(`${endMark}`);
  const isMark = startOrOptions !== undefined && startOrOptions !== null && typeof startOrOptions !== "object";
  return [isMark ? timeOf(typeof startOrOptions === "number" ? startOrOptions : `${startOrOptions}`) : 0, end, null];
}

/** A clone's clock goes on where its snapshot stopped; its origin is such that both together are the time. */
export class Performance extends EventTarget {
  now(): number {
    return native.now();
  }
  get timeOrigin(): number {
    return native.timeOrigin();
  }
  toJSON(): { timeOrigin: number } {
    return { timeOrigin: native.timeOrigin() };
  }

  mark(...args: [name: string, options?: MarkOptions]): PerformanceMark {
    const mark = new PerformanceMark(...args);
    add(mark);
    return mark;
  }

  measure(name: string, startOrOptions?: string | MeasureOptions, endMark?: string): PerformanceMeasure {
    if (arguments.length === 0) throw new TypeError("Cannot measure: it needs a name");
    const measure = newMeasure(`${name}`, ...measured(startOrOptions, endMark));
    add(measure);
    return measure;
  }

  clearMarks(name?: string): void {
    clear("mark", name);
  }
  clearMeasures(name?: string): void {
    clear("measure", name);
  }

  getEntries(): PerformanceEntry[] {
    return inOrder(() => true);
  }
  getEntriesByType(type: string): PerformanceEntry[] {
    return inOrder((entry) => entry.entryType === `${type}`);
  }
  getEntriesByName(name: string, type?: string): PerformanceEntry[] {
    return inOrder((entry) => entry.name === `${name}` && (type === undefined || entry.entryType === `${type}`));
  }
}

function clear(type: string, name: string | undefined): void {
  entries = entries.filter((entry) => entry.entryType !== type || (name !== undefined && entry.name !== `${name}`));
}

export const performance = new Performance();
