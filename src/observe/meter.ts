import { LIMITS } from "../limits.ts";
import type { Store, UsageRow } from "../state/store.ts";
import type { FunctionId } from "../types.ts";
import type { Event, RequestEvent } from "./events.ts";
import { NO_USAGE } from "./usage_sum.ts";

const MINUTE_MS = 60_000;
const WRITE_EVERY_MS = 10_000;

type Sum = { -readonly [Field in keyof UsageRow]: UsageRow[Field] };

export interface MeterOptions {
  readonly store: Pick<Store, "addUsage" | "usage">;
  /** The store does not take the rows; they are kept and tried again. */
  readonly onTrouble: (message: string) => void;
}

/** Adds up what each function used, by the minute, and hands it to the store now and then. */
export class Meter implements AsyncDisposable {
  readonly #options: MeterOptions;
  readonly #timer: ReturnType<typeof setInterval>;
  #minute = 0;
  #ofMinute = new Map<FunctionId, Sum>();
  /** Of minutes that are over, and what could not be written. */
  #waiting: UsageRow[] = [];
  #lastWrite: Promise<void> = Promise.resolve();

  constructor(options: MeterOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.flush(), WRITE_EVERY_MS);
    this.#timer.unref();
  }

  readonly hear = (event: Event): void => {
    if (event.type !== "request" || event.id === null) return;
    const minute = Math.floor(event.atMs / MINUTE_MS);
    if (minute !== this.#minute) {
      this.#closeMinute();
      this.#minute = minute;
    }
    let sum = this.#ofMinute.get(event.id);
    if (sum === undefined) this.#ofMinute.set(event.id, sum = nothing(event.id, minute));
    add(sum, event);
  };

  /** Writes what has been added up. */
  flush(): Promise<void> {
    this.#lastWrite = this.#lastWrite.then(() => this.#write());
    return this.#lastWrite;
  }

  /** By the minute, what was used just now included. */
  async usage(id: FunctionId, sinceMinute: number): Promise<UsageRow[]> {
    await this.flush();
    return await this.#options.store.usage(id, sinceMinute);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  #closeMinute(): void {
    this.#waiting.push(...this.#ofMinute.values());
    this.#ofMinute = new Map();
  }

  async #write(): Promise<void> {
    this.#closeMinute();
    const rows = this.#waiting;
    if (rows.length === 0) return;
    this.#waiting = [];
    try {
      await this.#options.store.addUsage(rows);
    } catch (error) {
      this.#waiting.unshift(...rows);
      const lost = this.#waiting.splice(LIMITS.usageRowsWaiting).length;
      this.#options.onTrouble(`Cannot write metering: ${error}${lost > 0 ? `; ${lost} rows are lost` : ""}`);
    }
  }
}

function nothing({ tenant, name }: FunctionId, minute: number): Sum {
  return { tenant, name, minute, ...NO_USAGE };
}

function add(sum: Sum, { outcome, wallMs }: RequestEvent): void {
  const { usage } = outcome;
  sum.requests++;
  if (outcome.code !== "ok") sum.errors++;
  if (usage === null) return;
  if (usage.start) sum[usage.start]++;
  // The build of a cold start is nothing that the request used.
  sum.wallMs += Math.max(0, wallMs - usage.coldMs);
  sum.coldMs += usage.coldMs;
  sum.cpuMs += usage.cpuMs;
  sum.memoryPeakBytes = Math.max(sum.memoryPeakBytes, Math.round(usage.memoryPeakBytes));
  sum.bytesIn += Math.round(usage.bytesIn);
  sum.bytesOut += Math.round(usage.bytesOut);
}
