import { CellMode, CellOperation } from "../../../ffi/layout.ts";
import { nicenessOf } from "../../host/cpu_share.ts";
import type { StepsContext } from "../steps.ts";
import { Cell, CellError } from "./cell.ts";
import { type CellGroup, type CellGroups, NO_GROUP } from "./cell_group.ts";
import type { CellProcess } from "./cell_process.ts";
import type { Users } from "./users.ts";

export interface CellStarterOptions extends StepsContext {
  /** A process that waits to be told whose it is. */
  readonly open: () => Promise<CellProcess>;
  readonly groups: CellGroups;
  /** Null where the server may give nobody another user. */
  readonly users: Users | null;
  readonly cores: number;
  /** What all sandboxes and snapshots of a tenant may have. */
  readonly memoryBytesOf: (tenant: string) => number;
  /** A tenant's part of the processors, beside others' parts. */
  readonly cpuShareOf: (tenant: string) => number;
  /** For the server's log. */
  readonly onTrouble: (message: string) => void;
}

/** A process that is no tenant's yet, in a group of its own: moving it there takes the kernel some milliseconds. */
interface Opened {
  readonly process: CellProcess;
  readonly group: CellGroup;
}

export interface CellHooks {
  readonly onDead?: (cell: Cell) => void;
  readonly onDamaged?: (cell: Cell, object: number) => void;
}

/** Tenants whose cells were stopped may be asked for one after the other. */
const SPARES = 4;
/** Whoever waits for a cell comes first. */
const SPARE_AFTER_MS = 20;
const START_TIMEOUT_MS = 10_000;
/** Guests' memory is mapped many times over: this only stops a cell that maps without end. */
const ADDRESS_BYTES = 2 ** 42;

/** Starts cells. Some processes are there already, so that nobody waits for their start. */
export class CellStarter {
  readonly #options: CellStarterOptions;
  readonly #spares: Promise<Opened>[] = [];
  #preparing: ReturnType<typeof setTimeout> | null = null;
  #closed = false;

  constructor(options: CellStarterOptions) {
    this.#options = options;
  }

  /** A cell of the tenant's, in its jail. Throws what keeps it from starting. */
  async start(tenant: string, mode: keyof typeof CellMode, hooks: CellHooks = {}): Promise<Cell> {
    const user = await this.#options.users?.of(tenant) ?? 0;
    if (this.#closed) throw new Error("Cannot start a cell: the server is going down");
    const spare = await this.#takeSpare();
    if (spare) {
      try {
        return await this.#begin(spare, tenant, user, mode, hooks);
      } catch (error) {
        // Nobody watched it: it may have been gone for long.
        if (error instanceof CellError) throw error;
      }
    }
    return await this.#begin(await this.#open(), tenant, user, mode, hooks);
  }

  async #begin(
    opened: Opened,
    tenant: string,
    user: number,
    mode: keyof typeof CellMode,
    hooks: CellHooks,
  ): Promise<Cell> {
    const { onTrouble } = this.#options;
    let cell: Cell | null = null;
    try {
      await this.#allot(opened, tenant);
      cell = new Cell({
        ...this.#options,
        ...opened,
        onDead: (cell) => hooks.onDead?.(cell),
        onDamaged: (cell, object) => hooks.onDamaged?.(cell, object),
        onTrouble: (trouble) => onTrouble(`A cell of ${tenant} is gone: ${trouble}`),
      });
      await cell.request({
        operation: CellOperation.START,
        mode: CellMode[mode],
        user,
        addressBytes: ADDRESS_BYTES,
      }, { timeoutMs: START_TIMEOUT_MS });
      return cell;
    } catch (error) {
      await (cell ? cell.end() : discard(opened));
      throw error;
    }
  }

  async #allot({ process, group }: Opened, tenant: string): Promise<void> {
    const { groups, memoryBytesOf, cpuShareOf, onTrouble } = this.#options;
    groups.tell();
    const cpuShare = cpuShareOf(tenant);
    process.beNice(nicenessOf(cpuShare));
    await group.allot({ memoryBytes: memoryBytesOf(tenant), cpuShare })
      .catch((error) => onTrouble(`Cannot limit a cell of ${tenant} by its group: ${error}`));
  }

  /** What a cell on this machine has to do without; null: nothing. Throws why there can be none. */
  async probe(): Promise<string | null> {
    const opened = await this.#open();
    const cell = new Cell({ ...this.#options, ...opened, onDead: () => {}, onDamaged: () => {}, onTrouble: () => {} });
    try {
      const { text } = await cell.request({
        operation: CellOperation.START,
        mode: CellMode.BUILDS,
        user: this.#options.users?.free ?? 0,
        addressBytes: ADDRESS_BYTES,
      }, { timeoutMs: START_TIMEOUT_MS });
      return text || null;
    } finally {
      await cell.end();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#preparing !== null) clearTimeout(this.#preparing);
    await Promise.allSettled(this.#spares.splice(0).map(async (spare) => discard(await spare)));
  }

  async #open(): Promise<Opened> {
    const process = await this.#options.open();
    try {
      return { process, group: await this.#options.groups.add(process.pid) };
    } catch (error) {
      await discard({ process, group: NO_GROUP });
      throw error;
    }
  }

  /** Cells will be asked for. */
  expect(): void {
    if (this.#closed || this.#spares.length >= SPARES) return;
    this.#preparing ??= setTimeout(() => this.#prepare(), SPARE_AFTER_MS);
  }

  /** Null: there is none. */
  async #takeSpare(): Promise<Opened | null> {
    const spare = this.#spares.shift();
    this.expect();
    return await spare?.catch(() => null) ?? null;
  }

  /** One after the other: each takes some of the server's own time. */
  #prepare(): void {
    const spare = this.#open();
    this.#spares.push(spare);
    // Of one that cannot be opened whoever takes it tries again, and tells.
    spare.catch(() => {}).then(() => {
      this.#preparing = null;
      this.expect();
    });
  }
}

async function discard({ process, group }: Opened): Promise<void> {
  process.told.close();
  await process.end();
  await group.remove();
}
