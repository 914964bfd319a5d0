import { LIMITS } from "../limits.ts";
import type { Event } from "./events.ts";
import { Backlog, type Batch, logKey, type LogOwner } from "./log_backlog.ts";
import { LogFile } from "./log_file.ts";
import { logPath } from "./log_path.ts";
import { lineOf, loggedOf } from "./log_record.ts";
import { type MapStack, StackMapper } from "./stack_mapper.ts";

/** Lines come in batches: a write for each would cost more than the request. */
const WRITE_AFTER_MS = 100;
/** The event loop is let go after so many lines. */
const LINES_AT_ONCE = 250;

export interface LogsOptions {
  readonly folder: string;
  readonly mapStack: MapStack;
  /** The disk does not take lines; told once until it does again. */
  readonly onTrouble: (message: string) => void;
}

export interface Follower {
  hear(lines: readonly string[]): void;
  /** Nothing more comes: the server goes down. */
  end(): void;
}

/** The logs: one for each function and one for the server, written off the request's path. */
export class Logs implements AsyncDisposable {
  readonly #options: LogsOptions;
  readonly #backlog = new Backlog();
  readonly #followers = new Map<Follower, LogOwner>();
  #isDismissed = false;
  #lastWork: Promise<unknown> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isInTrouble = false;

  constructor(options: LogsOptions) {
    this.#options = options;
  }

  /** How many lines were dropped since the start. */
  get dropped(): number {
    return this.#backlog.dropped;
  }

  get followers(): number {
    return this.#followers.size;
  }

  readonly hear = (event: Event): void => {
    if (event.type === "removed") this.#remove(event.id);
    const logged = loggedOf(event);
    if (logged === null) return;
    const { entry } = logged;
    if (logged.inFunctionLog) this.#backlog.add(entry.id, entry);
    if (logged.inServerLog) this.#backlog.add(null, entry);
    this.#timer ??= setTimeout(() => void this.flush(), WRITE_AFTER_MS);
  };

  /** Writes what waits. */
  flush(): Promise<void> {
    return this.#inTurn(() => this.#writeAll());
  }

  /** The last lines up to this moment, oldest first. */
  tail(owner: LogOwner, lines: number): Promise<string[]> {
    return this.#inTurn(() => this.#lastLines(owner, lines));
  }

  /** As `tail`, and then each line that follows, without a gap. Who follows the server hears all functions as well. */
  async follow(owner: LogOwner, lines: number, follower: Follower): Promise<Disposable> {
    await this.#inTurn(async () => {
      follower.hear(await this.#lastLines(owner, lines));
      if (this.#isDismissed) follower.end();
      else this.#followers.set(follower, owner);
    });
    return { [Symbol.dispose]: () => void this.#followers.delete(follower) };
  }

  /** Ends all following, now and later: a drain does not wait for those who only watch. */
  async dismissFollowers(): Promise<void> {
    this.#isDismissed = true;
    await this.flush();
    for (const follower of this.#followers.keys()) follower.end();
    this.#followers.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dismissFollowers();
  }

  async #lastLines(owner: LogOwner, lines: number): Promise<string[]> {
    await this.#writeAll();
    return await this.#fileOf(owner).tail(Math.min(lines, LIMITS.logTailLines));
  }

  #remove(owner: LogOwner): void {
    this.#backlog.forget(owner);
    this.#inTurn(() => this.#fileOf(owner).remove()).catch((error) => this.#trouble(error));
  }

  async #writeAll(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (const batch of this.#backlog.take()) await this.#write(batch);
  }

  async #write(batch: Batch): Promise<void> {
    const lines = await this.#linesOf(batch);
    this.#tell(batch, lines);
    try {
      await this.#fileOf(batch.owner).append(lines);
      this.#isInTrouble = false;
    } catch (error) {
      this.#backlog.lose(batch);
      this.#trouble(error);
    }
  }

  async #linesOf(batch: Batch): Promise<string[]> {
    const mapper = new StackMapper(this.#options.mapStack);
    const lines: string[] = [];
    for (const entry of batch.entries) {
      lines.push(lineOf(entry, await mapper.textOf(entry)));
      if (lines.length % LINES_AT_ONCE === 0) await new Promise((resolve) => setTimeout(resolve));
    }
    if (batch.dropped > 0) lines.push(droppedLine(batch));
    return lines;
  }

  #tell({ owner, entries }: Batch, lines: readonly string[]): void {
    if (this.#followers.size === 0) return;
    const key = logKey(owner);
    // A function's line in the server's log is in its own as well; who hears all logs has it from there.
    const heardByAll = owner === null ? lines.filter((_, i) => (entries[i]?.id ?? null) === null) : lines;
    for (const [follower, followed] of this.#followers) {
      if (followed === null) follower.hear(heardByAll);
      else if (logKey(followed) === key) follower.hear(lines);
    }
  }

  #trouble(error: unknown): void {
    if (!this.#isInTrouble) this.#options.onTrouble(`Cannot write logs: ${error}`);
    this.#isInTrouble = true;
  }

  #fileOf(owner: LogOwner): LogFile {
    return new LogFile(logPath(this.#options.folder, owner), LIMITS.logFileBytes);
  }

  /** One after the other: a reader's place in the file is the end of what the followers heard. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#lastWork.then(work);
    this.#lastWork = done.catch(() => {});
    return done;
  }
}

/** Stands where the dropped lines would have been: at the end of the batch. */
function droppedLine({ owner, dropped, lastMs }: Batch): string {
  return lineOf({
    atMs: lastMs,
    level: "warn",
    id: owner,
    version: null,
    requestId: null,
    code: null,
    text: "",
    detail: null,
    unmapped: false,
  }, `${dropped} lines were dropped: more came than could be written`);
}
