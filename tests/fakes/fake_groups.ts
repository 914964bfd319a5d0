import type { GroupFiles } from "../../src/tiers/vm/group_files.ts";

interface Folder {
  readonly files: Map<string, string>;
  readonly processes: Set<number>;
}

export interface FakeHierarchy {
  readonly version: 1 | 2;
  readonly folder: string;
  readonly controllers: readonly string[];
}

/** Groups as the kernel keeps them, with its rules: a tree for each hierarchy, in which a process is once. */
export class FakeGroups implements GroupFiles {
  readonly #folders = new Map<string, Folder>();
  readonly #hierarchies: readonly FakeHierarchy[];
  readonly alive = new Set<number>();
  ownText = "";
  mountsText = "";
  /** Of these every write fails. */
  readonly refused = new Set<string>();

  constructor(hierarchies: readonly FakeHierarchy[]) {
    this.#hierarchies = hierarchies;
    for (const { folder } of hierarchies) this.#add(folder);
  }

  own(): string {
    return this.ownText;
  }

  mounts(): string {
    return this.mountsText;
  }

  isAlive(pid: number): boolean {
    return this.alive.has(pid);
  }

  read(folder: string, name: string): string {
    const text = this.#of(folder).files.get(name);
    if (text === undefined) throw new Error(`Cannot read ${folder}/${name}: ENOENT`);
    return text;
  }

  list(folder: string): string[] {
    this.#of(folder);
    return [...this.#folders.keys()].filter((path) => path.replace(/\/[^/]*$/, "") === folder)
      .map((path) => path.slice(folder.length + 1));
  }

  write(folder: string, name: string, value: string): Promise<void> {
    if (this.refused.has(name)) return Promise.reject(new Error(`Cannot write ${name}: EACCES`));
    const { files, processes } = this.#of(folder);
    if (name === "cgroup.procs") this.#move(folder, Number(value));
    else if (!files.has(name)) return Promise.reject(new Error(`Cannot write ${folder}/${name}: ENOENT`));
    else if (name === "cgroup.subtree_control") {
      if (processes.size > 0) return Promise.reject(new Error(`Cannot write ${name}: EBUSY`));
      files.set(name, value.replaceAll("+", ""));
    } else files.set(name, value);
    return Promise.resolve();
  }

  make(folder: string, name: string): void {
    this.#of(folder);
    if (this.refused.has("folders")) throw new Error("Cannot make a folder: EACCES");
    if (this.#folders.has(`${folder}/${name}`)) throw new Error(`Cannot make ${folder}/${name}: EEXIST`);
    this.#add(`${folder}/${name}`);
  }

  remove(folder: string, name: string): Promise<void> {
    const path = `${folder}/${name}`;
    const isBusy = this.#of(path).processes.size > 0 || this.list(path).length > 0;
    if (isBusy) return Promise.reject(new Error(`Cannot remove ${path}: EBUSY`));
    this.#folders.delete(path);
    return Promise.resolve();
  }

  put(folder: string, name: string, value: string): void {
    this.#of(folder).files.set(name, value);
  }

  processes(folder: string): number[] {
    return [...this.#of(folder).processes];
  }

  end(pid: number): void {
    this.alive.delete(pid);
    for (const { processes } of this.#folders.values()) processes.delete(pid);
  }

  #move(folder: string, pid: number): void {
    const { folder: top } = this.#hierarchyOf(folder);
    for (const [path, { processes }] of this.#folders) if (path.startsWith(top)) processes.delete(pid);
    this.#of(folder).processes.add(pid);
    this.alive.add(pid);
  }

  #add(path: string): void {
    const { version, controllers } = this.#hierarchyOf(path);
    const names = version === 1
      ? { memory: ["memory.limit_in_bytes", "memory.oom_control"], cpu: ["cpu.shares"], pids: ["pids.max"] }
      : { memory: ["memory.max", "memory.events"], cpu: ["cpu.weight"], pids: ["pids.max"] };
    const parent = this.#folders.get(path.replace(/\/[^/]*$/, ""));
    const enabled = version === 1 || !parent
      ? controllers
      : (parent.files.get("cgroup.subtree_control") ?? "").split(" ");
    const files = new Map<string, string>();
    if (version === 2) files.set("cgroup.controllers", enabled.join(" ") + "\n").set("cgroup.subtree_control", "");
    for (const [controller, of] of Object.entries(names)) {
      if (enabled.includes(controller)) { for (const name of of) files.set(name, ""); }
    }
    this.#folders.set(path, { files, processes: new Set() });
  }

  #of(path: string): Folder {
    const folder = this.#folders.get(path);
    if (!folder) throw new Error(`Cannot find ${path}: ENOENT`);
    return folder;
  }

  #hierarchyOf(path: string): FakeHierarchy {
    return this.#hierarchies.find(({ folder }) => path === folder || path.startsWith(`${folder}/`))!;
  }
}

const SERVER = 100;

/** A machine with a tree of version 1 for each controller, and the server in the first of each. */
export function versionOne(path = "/"): FakeGroups {
  const groups = new FakeGroups(
    ["memory", "cpu", "pids"].map((name) => ({ version: 1, folder: folderOf(name, path), controllers: [name] })),
  );
  groups.ownText = ["9:name=systemd:/", `4:memory:${path}`, `2:cpu,cpuacct:${path}`, `1:pids:${path}`, "0::/", ""].join(
    "\n",
  );
  groups.mountsText = [
    "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755",
    "32 31 0:29 / /groups/cpu rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct",
    "35 31 0:32 / /groups/memory rw,relatime - cgroup cgroup rw,memory",
    "39 31 0:36 / /groups/pids rw,relatime - cgroup cgroup rw,pids",
    "",
  ].join("\n");
  for (const name of ["memory", "cpu", "pids"]) groups.write(folderOf(name, path), "cgroup.procs", `${SERVER}`);
  return groups;
}

const folderOf = (name: string, path: string) => path === "/" ? `/groups/${name}` : `/groups/${name}${path}`;

/** A machine with the one tree of version 2, of which the server's own group was given to it, others' processes or not. */
export function versionTwo({ controllers = ["cpu", "memory", "pids"], neighbours = [] as number[] } = {}): FakeGroups {
  const folder = "/with blank/app.slice/mayfly.service";
  const groups = new FakeGroups([{ version: 2, folder, controllers }]);
  groups.ownText = "0::/user/app.slice/mayfly.service\n";
  groups.mountsText = "30 23 0:27 /user /with\\040blank rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
  for (const pid of [SERVER, ...neighbours]) groups.write(folder, "cgroup.procs", `${pid}`);
  return groups;
}
