import type { Controller, GroupFiles } from "./group_files.ts";

export interface Allotment {
  readonly memoryBytes: number;
  /** Beside others, who have 1 each. */
  readonly cpuShare: number;
}

/** The group of one cell's process, in the kernel. */
export interface CellGroup {
  /** Says how much its tenant may have. */
  allot(allotment: Allotment): Promise<void>;
  /** The kernel ended a process in it because it had more memory. */
  readonly ranOutOfMemory: boolean;
  /** Once its process is gone. */
  remove(): Promise<void>;
}

export interface CellGroups {
  /** A group for a process that has done nothing yet. */
  add(pid: number): Promise<CellGroup>;
  /** Tells the server's log, once, what limits no cells here. */
  tell(): void;
}

export const NO_GROUP: CellGroup = {
  allot: () => Promise.resolve(),
  ranOutOfMemory: false,
  remove: () => Promise.resolve(),
};

export const NO_GROUPS: CellGroups = { add: () => Promise.resolve(NO_GROUP), tell: () => {} };

/** Where a hierarchy's groups of cells are. */
export interface GroupPlace {
  readonly version: 1 | 2;
  readonly folder: string;
  readonly controllers: readonly Controller[];
}

/** What a cell has for itself beside its guests' memory: KVM's tables of their pages, and files of which it may lose pages. */
const OWN_BYTES = 128 * 1024 * 1024;
/** The jail allows as many. */
const PROCESSES = 8192;

const FILES = {
  1: { memory: "memory.limit_in_bytes", cpu: "cpu.shares", events: "memory.oom_control" },
  2: { memory: "memory.max", cpu: "cpu.weight", events: "memory.events" },
} as const;

/** What a share of 1 is, and the bounds of the kernel's. */
const SHARES = { 1: { one: 1024, least: 2, most: 262_144 }, 2: { one: 100, least: 1, most: 10_000 } } as const;

export function cpuSetting(version: 1 | 2, share: number): { name: string; value: string } {
  const { one, least, most } = SHARES[version];
  return { name: FILES[version].cpu, value: `${Math.min(most, Math.max(least, Math.round(one * share)))}` };
}

/** A group in each of some hierarchies, for one process. */
export class KernelGroup implements CellGroup {
  readonly #files: GroupFiles;
  readonly #places: readonly GroupPlace[];
  readonly #name: string;

  private constructor(files: GroupFiles, places: readonly GroupPlace[], name: string) {
    this.#files = files;
    this.#places = places;
    this.#name = name;
  }

  static async of(files: GroupFiles, places: readonly GroupPlace[], name: string, pid: number): Promise<KernelGroup> {
    const group = new KernelGroup(files, places, name);
    try {
      for (const { folder } of places) files.make(folder, name);
      await group.#write("pids", () => ({ name: "pids.max", value: `${PROCESSES}` }));
      // Its memory and its time are the group's from here on. It runs nothing of a tenant's yet.
      for (const { folder } of places) await files.write(`${folder}/${name}`, "cgroup.procs", `${pid}`);
      return group;
    } catch (error) {
      await group.remove();
      throw error;
    }
  }

  async allot({ memoryBytes, cpuShare }: Allotment): Promise<void> {
    await this.#write("memory", (version) => ({ name: FILES[version].memory, value: `${memoryBytes + OWN_BYTES}` }));
    await this.#write("cpu", (version) => cpuSetting(version, cpuShare));
  }

  get ranOutOfMemory(): boolean {
    const place = this.#places.find(({ controllers }) => controllers.includes("memory"));
    if (!place) return false;
    try {
      const told = this.#files.read(`${place.folder}/${this.#name}`, FILES[place.version].events);
      return Number(/^oom_kill (\d+)$/m.exec(told)?.[1] ?? 0) > 0;
    } catch {
      return false;
    }
  }

  /** What stays for now is in the way of nobody, and goes when a server starts. */
  async remove(): Promise<void> {
    await Promise.allSettled(this.#places.map(({ folder }) => this.#files.remove(folder, this.#name)));
  }

  async #write(controller: Controller, settingOf: (version: 1 | 2) => { name: string; value: string }): Promise<void> {
    for (const { version, folder, controllers } of this.#places) {
      if (!controllers.includes(controller)) continue;
      const { name, value } = settingOf(version);
      await this.#files.write(`${folder}/${this.#name}`, name, value);
    }
  }
}
