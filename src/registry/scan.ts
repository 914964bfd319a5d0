import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Slices } from "./slices.ts";

/** A file as the disk tells of it. */
export interface FileStat {
  readonly size: number;
  readonly mtimeNs: string;
  readonly inode: string;
  readonly executable: boolean;
}

export interface Scan {
  /** Where it began: at the path that was asked for, or above it if that cannot be reached. */
  readonly scope: string;
  /** Paths relative to the root. */
  readonly files: ReadonlyMap<string, FileStat>;
  /** What is no plain file or folder, by what it is. */
  readonly refused: ReadonlyMap<string, string>;
}

/** Whether a name, seen at the top of the root or deeper, counts at all. */
export type Wanted = (name: string, top: boolean) => boolean;

/** Hidden files and packages of other tools are nobody's functions, and in nobody's build. */
export const isVisible: Wanted = (name) => !name.startsWith(".") && name !== "node_modules";

/** Looks at everything below a path, or at the one file that it is; what is not there is not in the result. */
export async function scan(root: string, below: string, wanted: Wanted): Promise<Scan> {
  const files = new Map<string, FileStat>();
  const refused = new Map<string, string>();
  const slices = new Slices();
  const parts = below === "" ? [] : below.split("/");
  if (!parts.every((part, depth) => wanted(part, depth === 0))) return { scope: below, files, refused };
  // A link on the way would lead the look out of the root.
  for (let length = 1; length < parts.length; length++) {
    const folder = parts.slice(0, length).join("/");
    if (kindOf(lstat(join(root, folder))) !== "folder") return await scan(root, folder, wanted);
  }
  const pending = [below];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (slices.isDue) await slices.pause();
    const stat = lstat(join(root, path));
    const kind = kindOf(stat);
    if (kind === "folder") {
      for (const name of namesIn(join(root, path))) {
        if (wanted(name, path === "")) pending.push(path === "" ? name : `${path}/${name}`);
      }
    } else if (kind === "file") {
      files.set(path, {
        size: Number(stat!.size),
        mtimeNs: `${stat!.mtimeNs}`,
        inode: `${stat!.ino}`,
        executable: (Number(stat!.mode) & 0o111) !== 0,
      });
    } else if (kind !== null) {
      refused.set(path, kind);
    }
  }
  return { scope: below, files, refused };
}

type Stat = ReturnType<typeof lstat>;

function lstat(path: string) {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false });
}

function kindOf(stat: Stat): string | null {
  if (stat === undefined) return null;
  if (stat.isDirectory()) return "folder";
  if (stat.isSymbolicLink()) return "it is a symbolic link";
  if (!stat.isFile()) return "it is no plain file";
  return stat.nlink > 1n ? "it has more than one hard link" : "file";
}

/** A folder may go away while it is looked at. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
