import { CellMode, CellOperation } from "../../../ffi/layout.ts";
import { shareOut } from "../../host/cpu_share.ts";
import type { StepsContext } from "../steps.ts";
import { Cell } from "./cell.ts";
import type { CellGroup, CellGroups } from "./cell_group.ts";
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

const SPARE_AFTER_MS = 50;
const START_TIMEOUT_MS = 10_000;
/** Guests' memory is mapped many times over: this only stops a cell that maps without end. */
const ADDRESS_BYTES = 2 ** 42;

/** Starts cells. One process is always there already, so that nobody waits for its start. */
export class CellStarter {
  readonly #options: CellStarterOptions;
  #spare: Promise<Opened> | null = null;
  #preparing: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(options: CellStarterOptions) {
    this.#options = options;
  }

  /** A cell of the tenant's, in its jail. Throws what keeps it from starting. */
  async start(tenant: string, mode: keyof typeof CellMode, hooks: CellHooks = {}): Promise<Cell> {
    const { users, groups, memoryBytesOf, cpuShareOf, onTrouble } = this.#options;
    const user = await users?.of(tenant) ?? 0;
    const { process, group } = await this.#take();
    groups.tell();
    const cpuShare = cpuShareOf(tenant);
    shareOut(process.pid, cpuShare);
    await group.allot({ memoryBytes: memoryBytesOf(tenant), cpuShare })
      .catch((error) => onTrouble(`Cannot limit a cell of ${tenant} by its group: ${error}`));
    const cell = new Cell({
      ...this.#options,
      process,
      group,
      onDead: (cell) => hooks.onDead?.(cell),
      onDamaged: (cell, object) => hooks.onDamaged?.(cell, object),
      onTrouble: (trouble) => onTrouble(`A cell of ${tenant} is gone: ${trouble}`),
    });
    try {
      await cell.request({
        operation: CellOperation.START,
        mode: CellMode[mode],
        user,
        addressBytes: ADDRESS_BYTES,
      }, { timeoutMs: START_TIMEOUT_MS });
      return cell;
    } catch (error) {
      await cell.end();
      throw error;
    }
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
    clearTimeout(this.#preparing);
    const spare = await this.#spare?.catch(() => null);
    this.#spare = null;
    if (!spare) return;
    spare.process.told.close();
    await spare.process.end();
    await spare.group.remove();
  }

  async #open(): Promise<Opened> {
    const process = await this.#options.open();
    return { process, group: await this.#options.groups.add(process.pid) };
  }

  async #take(): Promise<Opened> {
    if (this.#closed) throw new Error("Cannot start a cell: the server is going down");
    const spare = this.#spare;
    this.#spare = null;
    const opened = await spare?.catch(() => null) ?? await this.#open();
    // Not now: whoever waits for this cell comes first.
    this.#preparing ??= setTimeout(() => this.#prepare(), SPARE_AFTER_MS);
    return opened;
  }

  #prepare(): void {
    this.#preparing = undefined;
    if (this.#spare) return;
    this.#spare = this.#open();
    // Whoever takes it tries again, and tells.
    this.#spare.catch(() => {});
  }
}
