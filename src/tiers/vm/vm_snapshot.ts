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
}

/** The files are not opened by VMs' functions: what they see of them is in their views. */
const NO_FILES = () => Promise.resolve(null);

/** A function's snapshot: on disk always, in its tenant's cell while that runs. */
export class VmSnapshot implements Snapshot {
  readonly #options: VmSnapshotOptions;
  readonly #line = new TurnLine();
  #stored: VersionSnapshot;
  #place: Place | null = null;
  #bringing: Promise<Place> | null = null;
  #running = 0;
  /** That were made of it. */
  clones = 0;
  #disposed = false;

  constructor(options: VmSnapshotOptions, stored: VersionSnapshot) {
    this.#options = options;
    this.#stored = stored;
  }

  get stored(): VersionSnapshot {
    return this.#stored;
  }

  run(invocation: Invocation, sink: ResponseSink, onSettled: () => void): Outcome | Promise<Outcome> {
    const { cells, clock, id } = this.#options;
    const now = clock.monotonic();
    this.#running++;
    cells.heard(id.tenant, this.#stored, now);
    const place = this.#place;
    if (place?.serving.isAlive) return this.#runIn(place, now, null, invocation, sink, onSettled);
    return this.#runCold(now, invocation, sink, onSettled);
  }

  /** Requests are served by another snapshot of the same version from now on. */
  replace(stored: VersionSnapshot): void {
    const { cells, id } = this.#options;
    cells.drop(id.tenant, this.#stored);
    this.#stored = stored;
    this.#place = null;
    this.clones = 0;
  }

  /** What is stored of it is not what was written. */
  damaged(error: unknown): void {
    this.#place = null;
    this.#options.onDamaged(error);
  }

  moved(dir: string): void {
    this.#stored.folder = dir;
  }

  dispose(): Promise<void> {
    this.#disposed = true;
    this.#options.onDispose(this);
    this.#dropIfIdle();
    return Promise.resolve();
  }

  #dropIfIdle(): void {
    const { cells, id } = this.#options;
    if (this.#disposed && this.#running === 0) cells.drop(id.tenant, this.#stored);
  }

  async #runCold(sinceMs: number, invocation: Invocation, sink: ResponseSink, onSettled: () => void): Promise<Outcome> {
    const settled = () => {
      this.#running--;
      this.#dropIfIdle();
      onSettled();
    };
    let place: Place;
    try {
      this.#bringing ??= this.#bring().finally(() => this.#bringing = null);
      place = await this.#bringing;
    } catch (error) {
      settled();
      if (error instanceof CellError) {
        return failure("not_deployed", "The function is being built again", { cause: error, retryAfterS: 1 });
      }
      return failure("crash", "The function's cell could not be started", { cause: error });
    }
    const now = this.#options.clock.monotonic();
    return this.#runIn(place, now, now - sinceMs, invocation, sink, onSettled);
  }

  async #bring(): Promise<Place> {
    const { cells, id, onDamaged } = this.#options;
    const stored = this.#stored;
    const serving = await cells.get(id.tenant);
    try {
      const place = { serving, object: await serving.bring(stored) };
      if (stored === this.#stored) this.#place = place;
      return place;
    } catch (error) {
      if (error instanceof CellError) onDamaged(error);
      throw error;
    }
  }

  #runIn(
    { serving, object }: Place,
    nowMs: number,
    coldMs: number | null,
    invocation: Invocation,
    sink: ResponseSink,
    onSettled: () => void,
  ): Outcome | Promise<Outcome> {
    const { id, settings, contextOf } = this.#options;
    let run: Run | null = null;
    run = serving.run({
      line: this.#line,
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
        this.#running--;
        const start = run?.usage.start ?? null;
        if (start !== null && start !== "warm") this.clones++;
        this.#dropIfIdle();
        onSettled();
      },
      resumes: null,
    }, nowMs);
    return run.outcome ?? run.wait();
  }
}
