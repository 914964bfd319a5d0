import type { Clock } from "../../clock.ts";
import { MiB } from "../../limits.ts";
import { failure } from "../../outcome.ts";
import type { FunctionId, FunctionSettings, Invocation, Outcome } from "../../types.ts";
import type { ContextOf } from "../context.ts";
import type { Run } from "../run.ts";
import type { ResponseSink, Snapshot } from "../tier.ts";
import { TurnLine } from "../turns.ts";
import { CellError } from "./cell.ts";
import type { Cells } from "./cells.ts";
import type { ServingCell } from "./serving_cell.ts";
import type { VersionSnapshot } from "./version_snapshot.ts";

export interface VmSnapshotOptions {
  readonly cells: Cells;
  readonly clock: Clock;
  readonly id: FunctionId;
  readonly settings: FunctionSettings;
  readonly contextOf: ContextOf;
  /** Told when what is stored of it cannot be loaded. */
  readonly onDamaged: (error: unknown) => void;
  readonly onDispose: (snapshot: VmSnapshot) => void;
}

/** Where it is in the tenant's cell. */
interface Place {
  readonly serving: ServingCell;
  readonly object: number;
  /** Its steps in that cell. What waits in it when the cell is gone is in nobody's way. */
  readonly line: TurnLine;
}

/** One that is stored, and what uses it: that which is replaced stays for the runs that began with it. */
interface Edition {
  readonly stored: VersionSnapshot;
  /** Why it is not to be used any more. */
  damage: Error | null;
  place: Place | null;
  bringing: Promise<Place> | null;
  running: number;
  /** Resolves when it was replaced and nothing uses it. */
  readonly unused: PromiseWithResolvers<void>;
}

const editionOf = (stored: VersionSnapshot): Edition => (
  { stored, damage: null, place: null, bringing: null, running: 0, unused: Promise.withResolvers() }
);

const buildsAgain = (cause: unknown): Outcome =>
  failure("not_deployed", "The function is being built again", { cause, retryAfterS: 1 });

/** Of a request's time, what it may wait for a cell that crashed before: what is left is to be enough for an answer. */
const WAITING_PART = 0.5;

const startsLater = (waitMs: number): Outcome =>
  failure("overload", "The function's cell crashed again and again, and is not started yet", {
    retryAfterS: Math.ceil(waitMs / 1000),
  });

/** The files are not opened by VMs' functions: what they see of them is in their views. */
const NO_FILES = () => Promise.resolve(null);

/** A function's snapshot: on disk always, in its tenant's cell while that runs. */
export class VmSnapshot implements Snapshot {
  readonly #options: VmSnapshotOptions;
  #edition: Edition;
  /** That were made of it. */
  clones = 0;
  #disposed = false;

  constructor(options: VmSnapshotOptions, stored: VersionSnapshot) {
    this.#options = options;
    this.#edition = editionOf(stored);
  }

  get stored(): VersionSnapshot {
    return this.#edition.stored;
  }

  run(invocation: Invocation, sink: ResponseSink, onSettled: () => void): Outcome | Promise<Outcome> {
    const { cells, clock, id } = this.#options;
    const now = clock.monotonic();
    const edition = this.#edition;
    if (edition.damage) {
      this.damaged(edition.damage);
      onSettled();
      return buildsAgain(edition.damage);
    }
    edition.running++;
    cells.heard(id.tenant, edition.stored, now);
    const { place } = edition;
    if (place?.serving.isAlive) return this.#runIn(edition, place, now, null, invocation, sink, onSettled);
    return this.#runCold(edition, now, invocation, sink, onSettled);
  }

  /** Requests are served by another snapshot of the version from now on. Resolves when nothing uses the one before. */
  replace(stored: VersionSnapshot): Promise<void> {
    const before = this.#edition;
    this.#edition = editionOf(stored);
    this.clones = 0;
    this.#dropIfUnused(before);
    return before.unused.promise;
  }

  /** What it is a difference to is not what was written: it is built again when it is asked for, or renewed before. */
  doubt(error: Error): void {
    this.#edition.damage = error;
  }

  get isDoubted(): boolean {
    return this.#edition.damage !== null;
  }

  /** What is stored of it is not what was written. */
  damaged(error: unknown): void {
    this.#edition.place = null;
    this.#options.onDamaged(error);
  }

  moved(dir: string): void {
    this.#edition.stored.folder = dir;
  }

  dispose(): Promise<void> {
    this.#disposed = true;
    this.#options.onDispose(this);
    this.#dropIfUnused(this.#edition);
    return Promise.resolve();
  }

  #dropIfUnused(edition: Edition): void {
    const { cells, id } = this.#options;
    if (edition.running > 0 || (edition === this.#edition && !this.#disposed)) return;
    cells.drop(id.tenant, edition.stored);
    edition.unused.resolve();
  }

  #settled(edition: Edition): void {
    edition.running--;
    this.#dropIfUnused(edition);
  }

  async #runCold(
    edition: Edition,
    sinceMs: number,
    invocation: Invocation,
    sink: ResponseSink,
    onSettled: () => void,
  ): Promise<Outcome> {
    const { cells, clock, id } = this.#options;
    const waitMs = cells.waitMs(id.tenant);
    if (waitMs > WAITING_PART * (invocation.deadlineMs - sinceMs)) {
      this.#settled(edition);
      onSettled();
      return startsLater(waitMs);
    }
    let place: Place;
    try {
      edition.bringing ??= this.#bring(edition).finally(() => edition.bringing = null);
      place = await edition.bringing;
    } catch (error) {
      this.#settled(edition);
      onSettled();
      if (error instanceof CellError) {
        return buildsAgain(error);
      }
      return failure("crash", "The function's cell could not be started", { cause: error });
    }
    const now = clock.monotonic();
    return this.#runIn(edition, place, now, now - sinceMs, invocation, sink, onSettled);
  }

  async #bring(edition: Edition): Promise<Place> {
    const { cells, id, onDamaged } = this.#options;
    const serving = await cells.get(id.tenant);
    try {
      const object = await serving.bring(edition.stored);
      return edition.place = { serving, object, line: new TurnLine() };
    } catch (error) {
      // What was replaced is not what the next request gets.
      if (error instanceof CellError && edition === this.#edition) onDamaged(error);
      throw error;
    }
  }

  #runIn(
    edition: Edition,
    { serving, object, line }: Place,
    nowMs: number,
    coldMs: number | null,
    invocation: Invocation,
    sink: ResponseSink,
    onSettled: () => void,
  ): Outcome | Promise<Outcome> {
    const { id, settings, contextOf } = this.#options;
    let run: Run | null = null;
    run = serving.run({
      line,
      snapshot: object,
      contextOf,
      coldMs,
      function: id,
      net: settings.net,
      files: NO_FILES,
      cpuMs: settings.cpuMs,
      bodyBytes: settings.bodyMb * MiB,
      responseBytes: settings.responseMb * MiB,
      invocation,
      sink,
      onSettled: () => {
        const start = run?.usage.start ?? null;
        if (start !== null && start !== "warm" && edition === this.#edition) this.clones++;
        this.#settled(edition);
        onSettled();
      },
      resumes: null,
    }, nowMs);
    return run.outcome ?? run.wait();
  }
}
