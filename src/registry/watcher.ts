import { statSync } from "node:fs";
import { relative } from "node:path";
import type { Clock } from "../clock.ts";
import { Pipes } from "./pipes.ts";
import { Settle, SETTLE_TIMES, type SettleTimes } from "./settle.ts";

export interface WatcherOptions {
  readonly folder: string;
  /** A folder of the watcher's own: when it is not told of its own changes there, nobody is told of any. */
  readonly pulse: string;
  readonly clock: Clock;
  /** Something was heard of a path: there may be work soon. */
  readonly onStir: (path: string) => void;
  /** Paths below the folder to look at again, with all below them; an empty one is the folder itself. */
  readonly onChange: (paths: readonly string[]) => void;
  /** The system does not tell of changes; they are looked for instead. */
  readonly onTrouble: (message: string) => void;
  readonly times?: SettleTimes & WatchTimes;
}

export interface WatchTimes {
  /** Whether the folder is still the same one. */
  readonly identityMs: number;
  /** Whether events come at all. */
  readonly pulseMs: number;
  /** A look at everything, for what no event told of. */
  readonly fullLookMs: number;
  /** The same, where there are no events at all. */
  readonly pollMs: number;
}

export const WATCH_TIMES: SettleTimes & WatchTimes = {
  ...SETTLE_TIMES,
  identityMs: 500,
  pulseMs: 1000,
  fullLookMs: 30_000,
  pollMs: 2000,
};

/** Tells of changes in the functions folder. Every event only means "look again there". */
export class Watcher implements Disposable {
  readonly #options: WatcherOptions;
  readonly #times: SettleTimes & WatchTimes;
  readonly #settle: Settle;
  readonly #pipes = new Pipes();
  readonly #timers: ReturnType<typeof setInterval>[];
  #watch: Deno.FsWatcher | null = null;
  #reading: Promise<void> = Promise.resolve();
  #identity: string | null = null;
  #ended = false;
  #take: ReturnType<typeof setTimeout> | undefined;
  #takeAtMs = Infinity;
  #polling = false;
  #pulseIsOut = false;

  constructor(options: WatcherOptions) {
    this.#options = options;
    this.#times = options.times ?? WATCH_TIMES;
    this.#settle = new Settle(options.clock, this.#times);
    this.#follow();
    this.#timers = [
      setInterval(() => this.#checkIdentity(), this.#times.identityMs),
      setInterval(() => this.#beat(), this.#times.pulseMs),
      setInterval(() => options.onChange([""]), this.#times.fullLookMs),
      setInterval(() => this.#polling && options.onChange([""]), this.#times.pollMs),
    ];
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    for (const timer of this.#timers) clearInterval(timer);
    clearTimeout(this.#take);
    this.#close();
  }

  async #follow(): Promise<void> {
    this.#identity = identityOf(this.#options.folder);
    this.#close();
    // Deno closes a watch a little later, and takes a new one of the same path along.
    await this.#reading;
    if (this.#identity === null || this.#ended) return;
    try {
      this.#watch = Deno.watchFs([this.#options.folder, this.#options.pulse]);
      this.#polling = false;
      this.#pulseIsOut = false;
      this.#reading = this.#read(this.#watch);
    } catch (error) {
      if (!this.#polling) {
        this.#options.onTrouble(
          `Cannot watch ${this.#options.folder}: ${message(error)}. It is looked through every ${
            this.#times.pollMs / 1000
          } s instead`,
        );
      }
      this.#polling = true;
    }
  }

  async #read(watch: Deno.FsWatcher): Promise<void> {
    try {
      for await (const { kind, paths, flag } of watch) {
        if (flag === "rescan" || paths.length === 0) this.#heard("", false);
        // The next one there may even have the same inode.
        if (kind === "remove" && paths.includes(this.#options.folder)) this.#identity = null;
        for (const path of paths) {
          if (path.startsWith(this.#options.pulse)) this.#pulseIsOut = false;
          else this.#heard(relative(this.#options.folder, path), kind === "modify");
        }
      }
    } catch (error) {
      if (this.#watch !== watch) return;
      this.#options.onTrouble(`Cannot watch ${this.#options.folder} any longer: ${message(error)}`);
      this.#polling = true;
    }
  }

  /** A close after writing comes as an "access", which is all that "access" is told of. */
  #heard(path: string, open: boolean): void {
    if (path.startsWith("..")) return;
    if (path.split("/").some((part) => part.startsWith(".") || part === "node_modules")) return;
    this.#settle.heard(path, open);
    this.#options.onStir(path);
    this.#takeIn(open ? this.#times.openMs : this.#times.quietMs);
  }

  /** Unless it is asked before that anyway. */
  #takeIn(ms: number): void {
    const atMs = this.#options.clock.monotonic() + ms;
    if (atMs >= this.#takeAtMs) return;
    clearTimeout(this.#take);
    this.#takeAtMs = atMs;
    this.#take = setTimeout(() => {
      this.#takeAtMs = Infinity;
      const paths = this.#settle.take();
      if (paths.length > 0) this.#options.onChange(withoutCovered(paths));
      if (!this.#settle.isEmpty) this.#takeIn(this.#settle.nextMs);
    }, ms);
  }

  /** A folder that was deleted and made again, or moved away, is another one that nobody tells of. */
  #checkIdentity(): void {
    const identity = identityOf(this.#options.folder);
    if (identity === this.#identity) return;
    this.#follow().then(() => this.#options.onChange([""]));
  }

  /** A named pipe that appears stops Deno's watcher. */
  #beat(): void {
    if (!this.#watch) return;
    if (this.#pulseIsOut) {
      this.#pipes.hold(this.#options.folder);
      this.#options.onChange([""]);
    }
    this.#pulseIsOut = true;
    const now = new Date();
    Deno.utimeSync(this.#options.pulse, now, now);
  }

  #close(): void {
    const watch = this.#watch;
    this.#watch = null;
    // To close a watch that is stuck takes as long as it is.
    if (watch) this.#pipes.hold(this.#options.folder);
    try {
      watch?.close();
    } catch {
      // It ended by itself.
    }
  }
}

function identityOf(folder: string): string | null {
  try {
    const { dev, ino, birthtimeNs } = statSync(folder, { bigint: true });
    return `${dev}:${ino}:${birthtimeNs}`;
  } catch {
    return null;
  }
}

/** A look at a folder looks at all below it. */
function withoutCovered(paths: readonly string[]): string[] {
  const all = new Set(paths);
  if (all.has("")) return [""];
  const isCovered = (path: string) => {
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
      if (all.has(path.slice(0, at))) return true;
    }
    return false;
  };
  return [...all].filter((path) => !isCovered(path));
}

const message = (error: unknown): string => error instanceof Error ? error.message : `${error}`;
