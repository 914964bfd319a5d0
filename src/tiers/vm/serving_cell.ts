import { CellOperation } from "../../../ffi/layout.ts";
import { LIMITS } from "../../limits.ts";
import type { Run } from "../run.ts";
import type { RunOptions } from "../run_options.ts";
import type { Cell, Death } from "./cell.ts";
import { type Figures, figuresIn, later } from "./cell_figures.ts";
import { Demand } from "./demand.ts";
import { Objects } from "./objects.ts";
import type { StoredSnapshot } from "./stored.ts";

const LOAD_TIMEOUT_MS = 10_000;
const NOTHING = "0 0";
const ASK_TIMEOUT_MS = 10_000;

/** A tenant's cell that serves requests: what was brought to it, and how many VMs it keeps. */
export class ServingCell {
  readonly cell: Cell;
  readonly #objects: Objects;
  readonly #demand = new Demand();
  /** How many VMs of how much memory: what it said yes to, and what it was told since. */
  #keeps = "";
  #told: string | null = null;
  #askedMs = -Infinity;
  #asking: Promise<void> | null = null;
  lastUsedMs: number;
  /** What it had when that was looked at last, between two looks at all of it. */
  memoryBytes = 0;
  /** What it said of itself last. */
  figures: Figures = {};

  constructor(cell: Cell, nowMs: number) {
    this.cell = cell;
    this.lastUsedMs = nowMs;
    this.#objects = new Objects(
      (request, file) => cell.request(request, { file, timeoutMs: LOAD_TIMEOUT_MS }),
      LIMITS.logBytesPerRequest,
    );
  }

  get isAlive(): boolean {
    return this.cell.isAlive;
  }

  /** Nothing runs in it, and nothing is asked of it but its figures. */
  get isIdle(): boolean {
    return this.cell.running + this.cell.asked === (this.#asking ? 1 : 0);
  }

  /** It keeps no idle VM, as it says. */
  get isShrunk(): boolean {
    return this.#keeps === NOTHING;
  }

  /** The snapshot's number in the cell. Rejects when it cannot be brought there: CellError, CellGone. */
  async bring(stored: StoredSnapshot): Promise<number> {
    return await this.#objects.snapshot(stored);
  }

  drop(stored: StoredSnapshot): void {
    if (this.isAlive) this.#objects.drop(stored);
  }

  snapshotOf(object: number): StoredSnapshot | null {
    return this.#objects.byNumber(object);
  }

  run(options: RunOptions, nowMs: number): Run {
    this.lastUsedMs = nowMs;
    const run = this.cell.run(options);
    this.#demand.runs(this.cell.running, options.snapshot);
    return run;
  }

  /** Has it keep so many idle VMs as are of use, within so much memory. */
  keep(memoryBytes: number): void {
    const count = memoryBytes === 0 ? 0 : this.#demand.look(this.cell.running);
    const keeps = `${count} ${memoryBytes}`;
    if (keeps === (this.#told ?? this.#keeps)) return;
    this.#told = keeps;
    this.cell.request({ operation: CellOperation.KEEP, count, memoryBytes }, { timeoutMs: ASK_TIMEOUT_MS })
      // What it was not told is tried at the next look.
      .then(() => this.#keeps = keeps, () => {})
      .finally(() => {
        if (this.#told === keeps) this.#told = null;
      });
  }

  /** Since it was asked for its figures. */
  get wasUsed(): boolean {
    return this.lastUsedMs > this.#askedMs || this.cell.running > 0;
  }

  /** Brings its figures up to date. */
  ask(): Promise<void> {
    this.#askedMs = this.lastUsedMs;
    return this.#asking ??= this.#ask().finally(() => this.#asking = null);
  }

  async #ask(): Promise<void> {
    const { text } = await this.cell.request({ operation: CellOperation.STATS }, { timeoutMs: ASK_TIMEOUT_MS });
    this.figures = later(this.figures, figuresIn(text));
  }

  async end(death?: Death): Promise<void> {
    await this.cell.end(death);
  }
}
