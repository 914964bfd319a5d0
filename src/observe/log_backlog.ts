import { LIMITS } from "../limits.ts";
import { type FunctionId, qualifiedName } from "../types.ts";
import type { LogEntry } from "./log_record.ts";

/** Whose log it is; null: the server's. */
export type LogOwner = FunctionId | null;

export const logKey = (owner: LogOwner): string => owner === null ? "" : qualifiedName(owner);

/** What waits to be written to one log. */
export interface Batch {
  readonly owner: LogOwner;
  readonly entries: LogEntry[];
  bytes: number;
  /** More came than may wait, or than the disk took. */
  dropped: number;
  /** When the last one came. */
  lastMs: number;
}

/** An entry costs this much beside its text, about. */
const ENTRY_BYTES = 200;

/** The lines that wait for the disk: bounded for each log, so that a flood in one costs no other its lines, and in all. */
export class Backlog {
  #batches = new Map<string, Batch>();
  #bytes = 0;
  #dropped = 0;

  /** Since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  add(owner: LogOwner, entry: LogEntry): void {
    const batch = this.#batchOf(owner);
    batch.lastMs = entry.atMs;
    const bytes = ENTRY_BYTES + entry.text.length + (entry.detail?.length ?? 0);
    const isFull = batch.bytes + bytes > LIMITS.logPendingBytesPerFunction ||
      this.#bytes + bytes > LIMITS.logPendingBytes;
    if (isFull) {
      batch.dropped++;
      this.#dropped++;
      return;
    }
    batch.entries.push(entry);
    batch.bytes += bytes;
    this.#bytes += bytes;
  }

  take(): Iterable<Batch> {
    const batches = this.#batches;
    this.#batches = new Map();
    this.#bytes = 0;
    return batches.values();
  }

  /** What was taken could not be written; the log will say so when it can. */
  lose({ owner, entries, dropped, lastMs }: Batch): void {
    const next = this.#batchOf(owner);
    next.dropped += entries.length + dropped;
    next.lastMs = lastMs;
    this.#dropped += entries.length;
  }

  forget(owner: LogOwner): void {
    const key = logKey(owner);
    this.#bytes -= this.#batches.get(key)?.bytes ?? 0;
    this.#batches.delete(key);
  }

  #batchOf(owner: LogOwner): Batch {
    const key = logKey(owner);
    let batch = this.#batches.get(key);
    if (batch === undefined) this.#batches.set(key, batch = { owner, entries: [], bytes: 0, dropped: 0, lastMs: 0 });
    return batch;
  }
}
