/** The kernel's groups of processes, as files. */
export interface GroupFiles {
  /** /proc/self/cgroup and /proc/self/mountinfo. */
  own(): string;
  mounts(): string;
  isAlive(pid: number): boolean;
  read(folder: string, name: string): string;
  /** The groups in a group. */
  list(folder: string): string[];
  write(folder: string, name: string, value: string): Promise<void>;
  make(folder: string, name: string): void;
  /** One that has no processes and no groups. */
  remove(folder: string, name: string): Promise<void>;
}

export const CONTROLLERS = ["memory", "cpu", "pids"] as const;
export type Controller = typeof CONTROLLERS[number];

/** A tree of groups, the one that the server is in, and what of its processes can be controlled there. */
export interface Hierarchy {
  readonly version: 1 | 2;
  /** The server's own group: as the kernel calls it, and its folder. */
  readonly path: string;
  readonly folder: string;
  readonly controllers: readonly Controller[];
}

interface Mount {
  readonly type: string;
  readonly root: string;
  readonly folder: string;
  readonly options: readonly string[];
}

/** Where the server's own groups are. A controller is in one hierarchy, of version 1 or of version 2. */
export function hierarchiesOf(files: GroupFiles): Hierarchy[] {
  const mounts = files.mounts().split("\n").flatMap(mountOf);
  const found: Hierarchy[] = [];
  for (const line of files.own().split("\n")) {
    const [, names, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined) continue;
    const version = names === "" ? 2 : 1;
    const mount = mounts.find(({ type, options }) =>
      version === 2 ? type === "cgroup2" : type === "cgroup" && names.split(",").every((name) => options.includes(name))
    );
    const folder = mount && folderOf(mount, path);
    if (!folder) continue;
    const there = version === 2 ? files.read(folder, "cgroup.controllers").trim().split(" ") : names.split(",");
    const controllers = CONTROLLERS.filter((controller) => there.includes(controller));
    if (controllers.length > 0) found.push({ version, path, folder, controllers });
  }
  return found;
}

/** A line of mountinfo: number, parent, device, root, folder, options, more, "-", type, source, options of its own. */
function mountOf(line: string): Mount[] {
  const [place, kind] = line.split(" - ");
  if (kind === undefined) return [];
  const [, , , root, folder] = place.split(" ").map(unescaped);
  const [type, , options] = kind.split(" ");
  return [{ type, root, folder, options: options.split(",") }];
}

function folderOf({ root, folder }: Mount, path: string): string | null {
  const above = root === "/" ? "" : root;
  if (path !== root && !path.startsWith(`${above}/`)) return null;
  const below = path.slice(above.length);
  return below === "/" ? folder : folder + below;
}

/** Blanks are told as \040. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(parseInt(octal, 8)));
}
