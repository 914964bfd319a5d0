import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "../../clock.ts";
import { LIMITS, MiB } from "../../limits.ts";
import { countersOf, type Figures, sumOf } from "./cell_figures.ts";
import type { CellStarter } from "./cell_starter.ts";
import { Restarts } from "./restarts.ts";
import { Rhythm } from "./rhythm.ts";
import { ServingCell } from "./serving_cell.ts";
import type { StoredSnapshot } from "./stored.ts";

export interface CellsOptions {
  readonly clock: Clock;
  readonly starter: CellStarter;
  /** Bytes that a process has for itself. */
  readonly memoryOf: (pid: number) => number;
  /** What all sandboxes and snapshots of a tenant may have. */
  readonly memoryBytesOf: (tenant: string) => number;
  /** A loaded snapshot turned out to be damaged. */
  readonly onDamaged: (stored: StoredSnapshot) => void;
}

const LOOK_MS = 1000;
/** A guest can take gigabytes within a second. */
const MEMORY_LOOK_MS = 100;
/** So many cells are looked at each time; where more of them run something, they take turns. */
const MEMORY_LOOKS = 64;
/** A cell is started again so long before the request that is expected. */
const AHEAD_MS = 2 * LOOK_MS;
/** Of a tenant's memory, what idle VMs may have. */
const KEPT_PART = 0.5;
/** While memory is short, a cell that was just used is not stopped for another. */
const LEAST_IDLE_MS = 2 * LOOK_MS;

interface Tenant {
  serving: ServingCell | null;
  starting: Promise<ServingCell> | null;
  readonly rhythm: Rhythm;
  readonly restarts: Restarts;
  /** What it ran last. */
  last: StoredSnapshot | null;
}

/** The cells that serve: one for each tenant that has requests, as long as it has some. */
export class Cells {
  readonly #options: CellsOptions;
  readonly #tenants = new Map<string, Tenant>();
  readonly #looks: ReturnType<typeof setInterval>;
  readonly #closing = new AbortController();
  /** The next look at the memory of those that run something. */
  #memoryLook: ReturnType<typeof setTimeout> | null = null;
  #memoryTurn = 0;
  #memoryBytes = Infinity;
  #started = 0;
  /** What the cells counted that are gone. */
  #counted: Figures = {};

  constructor(options: CellsOptions) {
    this.#options = options;
    this.#looks = setInterval(() => this.look(), LOOK_MS);
    Deno.unrefTimer(this.#looks);
  }

  /** How many there are, and how many were started. */
  get count(): number {
    return this.#alive().length;
  }
  get started(): number {
    return this.#started;
  }

  /** The tenant's, if it is there. */
  serving(tenant: string): ServingCell | null {
    return this.#tenants.get(tenant)?.serving ?? null;
  }

  /** The tenant's, started if need be. Throws what keeps it from starting. */
  async get(tenant: string): Promise<ServingCell> {
    const known = this.#of(tenant);
    if (known.serving) return known.serving;
    known.starting ??= this.#start(tenant, known).finally(() => known.starting = null);
    return await known.starting;
  }

  /** How long that waits before the cell is started: longer each time that one crashed. */
  waitMs(tenant: string): number {
    const known = this.#tenants.get(tenant);
    return known && !known.serving ? known.restarts.delayMs(this.#options.clock.monotonic()) : 0;
  }

  /** A request of the tenant's came, for that snapshot. */
  heard(tenant: string, stored: StoredSnapshot, nowMs: number): void {
    const known = this.#of(tenant);
    known.rhythm.heard(nowMs);
    known.last = stored;
    this.#memoryLook ??= setTimeout(() => this.#lookAgain(), MEMORY_LOOK_MS);
  }

  /** The snapshot is not used any more. */
  drop(tenant: string, stored: StoredSnapshot): void {
    const known = this.#tenants.get(tenant);
    if (known?.last === stored) known.last = null;
    known?.serving?.drop(stored);
  }

  resize(memoryBytes: number): void {
    this.#memoryBytes = memoryBytes;
  }

  /** Stops what is idle, bounds what is large, starts what will be needed: to be called every second. */
  look(): void {
    const now = this.#options.clock.monotonic();
    let usedBytes = 0;
    for (const [tenant, known] of this.#tenants) {
      if (known.serving) usedBytes += this.#lookAt(tenant, known, known.serving, now);
      else this.#prewarm(tenant, known, now);
    }
    this.#makeRoom(usedBytes, now);
  }

  /** Bounds what grows between two looks. Returns whether anything runs, or is about to. */
  lookAtMemory(): boolean {
    const { memoryOf, memoryBytesOf } = this.#options;
    const running = [...this.#tenants].flatMap(([tenant, { serving }]) =>
      serving && serving.cell.running > 0 ? [{ tenant, serving }] : []
    );
    for (let looks = Math.min(running.length, MEMORY_LOOKS); looks > 0; looks--) {
      const { tenant, serving } = running[this.#memoryTurn++ % running.length];
      const bytes = memoryOf(serving.cell.pid);
      // What was told to shrink does it while it falls.
      const isFalling = bytes < serving.memoryBytes;
      serving.memoryBytes = bytes;
      if (bytes > memoryBytesOf(tenant) && !isFalling) this.#bound(tenant, serving, bytes);
    }
    return [...this.#tenants.values()].some(({ serving, starting }) => starting !== null || serving?.isIdle === false);
  }

  /** Sums of what the cells say, and of what those counted that are gone. */
  async figures(): Promise<Figures> {
    const alive = this.#alive();
    await Promise.allSettled(alive.map((serving) => serving.ask()));
    // One that ended meanwhile is among the counted.
    return sumOf([this.#counted, ...alive.filter(({ isAlive }) => isAlive).map(({ figures }) => figures)]);
  }

  async close(): Promise<void> {
    clearInterval(this.#looks);
    if (this.#memoryLook !== null) clearTimeout(this.#memoryLook);
    this.#closing.abort();
    const known = [...this.#tenants.values()];
    this.#tenants.clear();
    await Promise.allSettled(known.map(async ({ serving, starting }) => (serving ?? await starting)?.end()));
  }

  #of(tenant: string): Tenant {
    let known = this.#tenants.get(tenant);
    if (!known) {
      known = { serving: null, starting: null, rhythm: new Rhythm(), restarts: new Restarts(), last: null };
      this.#tenants.set(tenant, known);
    }
    return known;
  }

  /** A tenant whose cell crashes again and again waits for the next one, alone. */
  async #start(tenant: string, known: Tenant): Promise<ServingCell> {
    const { clock, starter, onDamaged } = this.#options;
    const waitMs = this.waitMs(tenant);
    if (waitMs > 0) await delay(waitMs, undefined, { signal: this.#closing.signal });
    let serving: ServingCell | null = null;
    const cell = await starter.start(tenant, "SERVES", {
      onDead: ({ hasCrashed }) => {
        known.serving = null;
        if (hasCrashed) known.restarts.crashed(clock.monotonic());
        if (serving) this.#counted = sumOf([this.#counted, countersOf(serving.figures)]);
      },
      onDamaged: (_cell, object) => {
        const stored = serving?.snapshotOf(object);
        if (stored) onDamaged(stored);
      },
    });
    serving = new ServingCell(cell, clock.monotonic());
    if (!cell.isAlive) return serving;
    this.#started++;
    known.serving = serving;
    serving.keep(this.#keptBytes(tenant));
    return serving;
  }

  #keptBytes(tenant: string): number {
    return Math.floor(this.#options.memoryBytesOf(tenant) * KEPT_PART);
  }

  #alive(): ServingCell[] {
    return [...this.#tenants.values()].flatMap(({ serving }) => serving ? [serving] : []);
  }

  /** Returns what it has of the memory. */
  #lookAt(tenant: string, known: Tenant, serving: ServingCell, now: number): number {
    serving.cell.check(now);
    if (!serving.isAlive) return 0;
    const next = known.rhythm.nextMs ?? -Infinity;
    const isExpected = next > now && next < serving.lastUsedMs + 2 * LIMITS.cellIdleMs;
    if (serving.isIdle && now - serving.lastUsedMs > LIMITS.cellIdleMs && !isExpected) {
      serving.end();
      return 0;
    }
    if (serving.wasUsed) serving.ask().catch(() => {});
    return this.#bound(tenant, serving, this.#options.memoryOf(serving.cell.pid));
  }

  /** Of what has too much memory the idle VMs go, then all. Returns what it has then. */
  #bound(tenant: string, serving: ServingCell, bytes: number): number {
    const mostBytes = this.#options.memoryBytesOf(tenant);
    if (bytes > mostBytes && serving.isShrunk) {
      const message = `The tenant's functions use more than its memoryMb of ${Math.floor(mostBytes / MiB)} together`;
      serving.end({ code: "memory", message, trouble: `it had ${Math.ceil(bytes / MiB)} MB` });
      return 0;
    }
    serving.keep(bytes > mostBytes ? 0 : this.#keptBytes(tenant));
    return bytes;
  }

  #lookAgain(): void {
    const isOn = this.lookAtMemory() && !this.#closing.signal.aborted;
    this.#memoryLook = isOn ? setTimeout(() => this.#lookAgain(), MEMORY_LOOK_MS) : null;
  }

  #prewarm(tenant: string, { rhythm, last }: Tenant, now: number): void {
    const next = rhythm.nextMs;
    if (last === null || next === null || now < next - AHEAD_MS || now > next) return;
    // A request that comes will tell what is wrong.
    this.get(tenant).then((serving) => serving.bring(last)).catch(() => {});
  }

  /** Stops those that were not used for longest, until what is left fits. */
  #makeRoom(usedBytes: number, now: number): void {
    if (usedBytes <= this.#memoryBytes) return;
    const idle = this.#alive()
      .filter((serving) => serving.isIdle && now - serving.lastUsedMs > LEAST_IDLE_MS)
      .sort((a, b) => a.lastUsedMs - b.lastUsedMs);
    for (const serving of idle) {
      if (usedBytes <= this.#memoryBytes) return;
      usedBytes -= this.#options.memoryOf(serving.cell.pid);
      serving.end();
    }
  }
}
