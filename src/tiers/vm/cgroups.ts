import { type CellGroup, type CellGroups, cpuSetting, type GroupPlace, KernelGroup, NO_GROUP } from "./cell_group.ts";
import { type Controller, CONTROLLERS, type GroupFiles, hierarchiesOf, type Hierarchy } from "./group_files.ts";

export interface CgroupsOptions {
  readonly files: GroupFiles;
  /** The server's own process. */
  readonly pid: number;
  /** Tells this one's groups from those of others in this process. */
  readonly id: string;
  /** Root may make groups everywhere, also where they are for another program to make. */
  readonly isRoot: boolean;
  /** The operator said that the server's own group is for the server to divide. */
  readonly isGiven: boolean;
  readonly cores: number;
  /** Told once. */
  readonly onTrouble: (message: string) => void;
}

/**
 * Of the processors, beside each thread of the server: whoever answers requests comes before whoever computes. With half
 * of it the server's own thread waited for up to 50 ms beside cells that compute. What it does not use is theirs anyway.
 */
const CELLS_SHARE = 1 / 4;
/** `mayfly-PID-ID` has a server's cells; with `-server` at its end, where need be, the server itself. */
const OF_A_SERVER = /^mayfly-(\d{1,10})-[\w-]{1,64}$/;
/** Groups of servers that are gone, and of cells of one of them, which one start removes. */
const MOST_LEFT = 10_000;

/** The kernel's groups of this server's cells: where there can be some, each cell has one. */
export class Cgroups implements CellGroups {
  readonly #options: CgroupsOptions;
  readonly #places: { readonly above: string; readonly place: GroupPlace }[] = [];
  #missing = new Map<Controller, string>(CONTROLLERS.map((controller) => [controller, "this system has it not"]));
  #made = 0;
  #hasTold = false;
  #hasFailed = false;

  private constructor(options: CgroupsOptions) {
    this.#options = options;
  }

  /** Never throws: what cannot be used is missing. */
  static async open(options: CgroupsOptions): Promise<Cgroups> {
    const groups = new Cgroups(options);
    try {
      for (const hierarchy of hierarchiesOf(options.files)) await groups.#use(hierarchy);
    } catch (error) {
      groups.#miss(CONTROLLERS, messageOf(error));
    }
    return groups;
  }

  /** What limits cells here, and of each of the others why it does not. */
  get usable(): Controller[] {
    return CONTROLLERS.filter((controller) => !this.#missing.has(controller));
  }
  get missing(): string[] {
    return [...this.#missing].map(([controller, why]) => `${controller}: ${why}`);
  }

  async add(pid: number): Promise<CellGroup> {
    const places = this.#places.map(({ place }) => place);
    if (places.length === 0) return NO_GROUP;
    try {
      return await KernelGroup.of(this.#options.files, places, `cell-${++this.#made}`, pid);
    } catch (error) {
      // It will be the same for all others.
      if (!this.#hasFailed) this.#options.onTrouble(`Cannot limit a cell by a group: ${messageOf(error)}`);
      this.#hasFailed = true;
      return NO_GROUP;
    }
  }

  tell(): void {
    if (this.#hasTold || this.#missing.size === 0) return;
    this.#hasTold = true;
    this.#options.onTrouble(`Cells run without some of the kernel's limits: ${this.missing.join("; ")}`);
  }

  async close(): Promise<void> {
    for (const { above } of this.#places) await this.#sweep(above, this.#name).catch(() => {});
  }

  get #name(): string {
    return `mayfly-${this.#options.pid}-${this.#options.id}`;
  }

  async #use(hierarchy: Hierarchy): Promise<void> {
    const { isRoot, isGiven } = this.#options;
    const { version, path, folder: above, controllers: there } = hierarchy;
    if (isRoot && path !== "/" && !isGiven) {
      // A group that has groups in it cannot be removed by whoever made it, nor does that find all of its processes.
      const why = `the group ${path} was made by another program; where it is the server's, MAYFLY_CGROUPS=own says so`;
      return this.#miss(there, why);
    }
    try {
      await this.#sweepLeft(above);
      const controllers = version === 1 ? there : await this.#delegate(above, there);
      if (controllers.length === 0) return;
      const folder = await this.#makeFor(version, above, controllers);
      this.#places.push({ above, place: { version, folder, controllers } });
      for (const controller of controllers) this.#missing.delete(controller);
    } catch (error) {
      this.#miss(there, messageOf(error));
    }
  }

  /** The group in which all cells' are. */
  async #makeFor(version: 1 | 2, above: string, controllers: readonly Controller[]): Promise<string> {
    const { files, cores } = this.#options;
    files.make(above, this.#name);
    const folder = `${above}/${this.#name}`;
    try {
      if (version === 2) await this.#enable(folder, controllers);
      // Of version 1, a thread of the server's counts as much as a group does.
      const { name, value } = cpuSetting(version, version === 1 ? CELLS_SHARE * cores : CELLS_SHARE);
      if (controllers.includes("cpu")) await files.write(folder, name, value);
      return folder;
    } catch (error) {
      await files.remove(above, this.#name).catch(() => {});
      throw error;
    }
  }

  /** Of version 2: only a group that no process is in has groups with limits. Returns what can be limited then. */
  async #delegate(above: string, controllers: readonly Controller[]): Promise<Controller[]> {
    const { files, pid } = this.#options;
    const enabled = files.read(above, "cgroup.subtree_control").trim().split(" ");
    const wanted = controllers.filter((controller) => !enabled.includes(controller));
    const already = controllers.filter((controller) => enabled.includes(controller));
    if (wanted.length === 0) return already;
    try {
      return [...already, ...await this.#enable(above, wanted)];
    } catch {
      // It is in the way itself.
    }
    const own = `${this.#name}-server`;
    files.make(above, own);
    try {
      await files.write(`${above}/${own}`, "cgroup.procs", `${pid}`);
      return [...already, ...await this.#enable(above, wanted)];
    } catch (error) {
      await files.write(above, "cgroup.procs", `${pid}`).catch(() => {});
      await files.remove(above, own).catch(() => {});
      throw error;
    }
  }

  async #enable(folder: string, controllers: readonly Controller[]): Promise<readonly Controller[]> {
    const value = controllers.map((controller) => `+${controller}`).join(" ");
    await this.#options.files.write(folder, "cgroup.subtree_control", value);
    return controllers;
  }

  /** A server that was killed left its groups. */
  async #sweepLeft(above: string): Promise<void> {
    const { files, pid } = this.#options;
    for (const name of files.list(above).slice(0, MOST_LEFT)) {
      const owner = Number(OF_A_SERVER.exec(name)?.[1] ?? pid);
      // One with processes in it stays.
      if (owner !== pid && !files.isAlive(owner)) await this.#sweep(above, name).catch(() => {});
    }
  }

  async #sweep(above: string, name: string): Promise<void> {
    const { files } = this.#options;
    const folder = `${above}/${name}`;
    for (const cell of files.list(folder).slice(0, MOST_LEFT)) await files.remove(folder, cell).catch(() => {});
    await files.remove(above, name);
  }

  #miss(controllers: readonly Controller[], why: string): void {
    for (const controller of controllers) this.#missing.set(controller, why);
  }
}

const messageOf = (error: unknown): string => error instanceof Error ? error.message : `${error}`;
