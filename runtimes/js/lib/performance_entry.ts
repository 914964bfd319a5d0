/** What a performance timeline holds. */
import { structuredClone } from "./structured_clone.ts";
import { dictionary } from "./dictionary.ts";
import { native } from "./native.ts";

const INTERNAL = Symbol("an entry of the engine's own");

export class PerformanceEntry {
  readonly #name: string;
  readonly #type: string;
  readonly #startTime: number;
  readonly #duration: number;

  constructor(secret: symbol, name: string, type: string, startTime: number, duration: number) {
    if (secret !== INTERNAL) throw new TypeError("Illegal constructor");
    this.#name = name;
    this.#type = type;
    this.#startTime = startTime;
    this.#duration = duration;
  }

  get name(): string {
    return this.#name;
  }
  get entryType(): string {
    return this.#type;
  }
  get startTime(): number {
    return this.#startTime;
  }
  get duration(): number {
    return this.#duration;
  }
  toJSON(): object {
    const { name, entryType, startTime, duration } = this;
    return { name, entryType, startTime, duration };
  }
}

export interface MarkOptions {
  detail?: unknown;
  startTime?: number;
}

const detailOf = (detail: unknown): unknown => detail === undefined || detail === null ? null : structuredClone(detail);

function withDetail(entry: PerformanceEntry, detail: unknown): object {
  const { name, entryType, startTime, duration } = entry;
  return { name, entryType, startTime, duration, detail };
}

export class PerformanceMark extends PerformanceEntry {
  readonly #detail: unknown;

  constructor(name: string, options?: MarkOptions) {
    if (arguments.length === 0) throw new TypeError("Cannot make a mark: it needs a name");
    const { detail, startTime } = dictionary(options);
    const start = startTime === undefined ? native.now() : Number(startTime);
    if (!Number.isFinite(start)) throw new TypeError("Cannot make a mark: its startTime is no finite number");
    if (start < 0) throw new TypeError("Cannot make a mark: its startTime is negative");
    super(INTERNAL, `${name}`, "mark", start, 0);
    this.#detail = detailOf(detail);
  }

  get detail(): unknown {
    return this.#detail;
  }
  override toJSON(): object {
    return withDetail(this, this.#detail);
  }
}

export class PerformanceMeasure extends PerformanceEntry {
  readonly #detail: unknown;

  constructor(secret: symbol, name: string, startTime: number, duration: number, detail: unknown) {
    super(secret, name, "measure", startTime, duration);
    this.#detail = detailOf(detail);
  }

  get detail(): unknown {
    return this.#detail;
  }
  override toJSON(): object {
    return withDetail(this, this.#detail);
  }
}

export const newMeasure = (name: string, start: number, end: number, detail: unknown): PerformanceMeasure =>
  new PerformanceMeasure(INTERNAL, name, start, end - start, detail);
