import { dirname, join } from "node:path";
import type { MirrorRow } from "../state/store.ts";
import { LIMITS } from "../limits.ts";
import { copyBytes, type MirrorRoom, withoutRoom } from "./mirror_room.ts";
import { type FileStat, scan, type Wanted } from "./scan.ts";
import { inParallel } from "./slices.ts";

/** Copies files out of a folder whose owner may change it at any time. */
export interface MirrorFs {
  /** Throws if the folder cannot be opened. */
  open(root: string): MirrorSource;
}

export interface MirrorSource extends Disposable {
  /** Rejects with an Error whose `code` is the errno's name: ELOOP, EXDEV, EMLINK, EINVAL, EFBIG, ENOENT or EAGAIN. */
  copy(path: string, to: string, limit: number): Promise<{ size: number; mtimeNs: bigint; inode: bigint }>;
}

/** A file of the root as the builds see it. */
export interface MirroredFile extends FileStat {
  readonly hash: string;
  /** An executable ELF file. */
  readonly program: boolean;
}

export interface Look {
  /** Files with another content than before, new ones and those that are gone included. */
  readonly changed: ReadonlySet<string>;
  /** Whether files came or went, or one became a program. */
  readonly reshaped: boolean;
  /** Files that were being written: to be looked at again. */
  readonly unsettled: readonly string[];
  readonly put: readonly MirrorRow[];
  readonly remove: readonly { tenant: string; path: string }[];
}

export interface MirrorOptions {
  readonly tenant: string;
  readonly root: string;
  /** Where the copies are. */
  readonly folder: string;
  readonly fs: MirrorFs;
  readonly wanted: Wanted;
  readonly rows: readonly MirrorRow[];
  readonly room: MirrorRoom;
  /** A file that is copied whether there is room or not. */
  readonly needed?: string;
}

const COPIES_AT_ONCE = 8;
const SHOWN_BYTES = 1024 * 1024;
const ELF = [0x7f, 0x45, 0x4c, 0x46];

const REFUSALS: Readonly<Record<string, string>> = {
  ELOOP: "it is a symbolic link, or behind one",
  EXDEV: "it is outside of its folder",
  EMLINK: "it has more than one hard link",
  EINVAL: "it is no plain file",
  EFBIG: `it is larger than ${LIMITS.sourceFileBytes >> 20} MB`,
  EACCES: "the server may not read it",
  ENAMETOOLONG: "its name is too long",
};

/** A root's files, copied once for each change, so that builds are consistent and cannot be raced. */
export class Mirror {
  readonly folder: string;
  readonly #options: MirrorOptions;
  readonly #files = new Map<string, MirroredFile>();
  readonly #refused = new Map<string, string>();
  /** Of the refused, those that there was no room for. */
  readonly #short = new Set<string>();
  /** What was in the index when the server started; a file is known once it was seen. */
  readonly #known: Map<string, MirrorRow>;
  readonly #folders = new Set<string>();

  constructor(options: MirrorOptions) {
    this.#options = options;
    this.folder = options.folder;
    this.#known = new Map(options.rows.map((row) => [row.path, row]));
  }

  get files(): ReadonlyMap<string, MirroredFile> {
    return this.#files;
  }

  /** Nothing is there that would be copied. */
  get isEmpty(): boolean {
    return this.#files.size === 0 && this.#short.size === 0;
  }

  /** Why a path is not in the mirror, if something is there. */
  refusal(path: string): string | null {
    for (let at = path; at !== "."; at = dirname(at)) {
      const why = this.#refused.get(at);
      if (why !== undefined) return why;
    }
    return null;
  }

  get refused(): ReadonlyMap<string, string> {
    return this.#refused;
  }

  /** Those of the refused that there was no room for. */
  get short(): ReadonlySet<string> {
    return this.#short;
  }

  /** What all copies take of the disk. */
  get bytes(): number {
    return [...this.#files.values(), ...this.#known.values()].reduce((sum, file) => sum + copyBytes(file), 0);
  }

  pathOf(path: string): string {
    return join(this.folder, path);
  }

  /** A file's text if it has this content still, and is short enough to show a part of. */
  async textOf(path: string, hash: string): Promise<string | null> {
    const file = this.#files.get(path);
    if (file?.hash !== hash || file.size > SHOWN_BYTES) return null;
    return await Deno.readTextFile(this.pathOf(path));
  }

  /** The next look copies these files again: their copies were damaged. */
  distrust(paths: Iterable<string>): void {
    for (const path of paths) this.#files.delete(path);
  }

  /** Brings the mirror up to what is below a path, all of the root for an empty one. */
  async look(below: string): Promise<Look> {
    const { root, wanted, fs, tenant } = this.#options;
    const { scope, files, refused } = await scan(root, below, wanted);
    const isInScope = (path: string) => scope === "" || path === scope || path.startsWith(`${scope}/`);
    const changed = new Set<string>();
    const unsettled: string[] = [];
    const put: MirrorRow[] = [];
    const refusedBefore = this.#forgetRefused(isInScope);
    for (const [path, why] of refused) this.#refused.set(path, why);
    await this.#removeGone(isInScope, files, changed);
    let reshaped = false;
    // A file that an event names is copied again: two changes within one tick of the clock look the same from outside.
    const stale = [...files].filter(([path, stat]) => path === below || !this.#isCurrent(path, stat));
    if (stale.length > 0) {
      const fitting = await this.#fitting(stale, changed);
      using source = openOrNull(fs, root);
      await inParallel(source ? fitting : [], COPIES_AT_ONCE, async ([path, stat]) => {
        const before = this.#files.get(path) ?? this.#takeKnown(path);
        const copied = await this.#copy(source!, path, stat);
        if (copied === "unsettled") unsettled.push(path);
        if (typeof copied === "string") {
          // Its old copy stays as long as it is being written.
          if (copied !== "unsettled" && this.#files.delete(path)) changed.add(path);
          return;
        }
        this.#files.set(path, copied);
        put.push(rowOf(tenant, path, copied));
        const mayRun = before?.executable ?? copied.executable;
        if (before?.hash !== copied.hash || mayRun !== copied.executable) changed.add(path);
        reshaped ||= before?.program !== copied.program;
      });
    }
    for (const path of this.#refusedOtherwise(refusedBefore, isInScope)) {
      changed.add(path);
      reshaped = true;
    }
    const remove = [...changed].filter((path) => !this.#files.has(path)).map((path) => ({ tenant, path }));
    return { changed, reshaped: reshaped || remove.length > 0, unsettled, put, remove };
  }

  /** Those that there is room for; the others are refused before anything of them is copied. */
  async #fitting(stale: readonly [string, FileStat][], changed: Set<string>): Promise<typeof stale> {
    const { room, needed } = this.#options;
    const asked = stale.filter(([path]) => path !== needed)
      .map(([path, stat]) => [path, stat, this.#files.get(path) ?? this.#known.get(path)] as const);
    const over = await withoutRoom(room, asked);
    for (const [path, why] of over) {
      this.#refused.set(path, why);
      this.#short.add(path);
      this.#takeKnown(path);
      if (this.#files.delete(path)) changed.add(path);
      await this.#removeCopy(path);
    }
    return stale.filter(([path]) => !over.has(path));
  }

  #forgetRefused(isInScope: (path: string) => boolean): ReadonlyMap<string, string> {
    const before = new Map([...this.#refused].filter(([path]) => isInScope(path)));
    for (const path of before.keys()) {
      this.#refused.delete(path);
      this.#short.delete(path);
    }
    return before;
  }

  /** What is refused now and was not, or the other way round. */
  #refusedOtherwise(before: ReadonlyMap<string, string>, isInScope: (path: string) => boolean): Iterable<string> {
    return new Set(before.keys()).symmetricDifference(new Set([...this.#refused.keys()].filter(isInScope)));
  }

  /** Forgets what is no plain file any more. */
  async #removeGone(
    isInScope: (path: string) => boolean,
    files: ReadonlyMap<string, FileStat>,
    changed: Set<string>,
  ): Promise<void> {
    const gone = [...this.#files.keys(), ...this.#known.keys()].filter((path) => isInScope(path) && !files.has(path));
    for (const path of gone) {
      this.#files.delete(path);
      this.#known.delete(path);
      changed.add(path);
      await this.#removeCopy(path);
    }
  }

  #isCurrent(path: string, stat: FileStat): boolean {
    const file = this.#files.get(path);
    if (file) return isSame(file, stat) && file.executable === stat.executable;
    const row = this.#known.get(path);
    // Whether it is a program is not in the index.
    if (!row || !isSame(row, stat) || stat.executable) return false;
    this.#takeKnown(path);
    this.#files.set(path, { ...stat, hash: row.hash, program: false });
    return true;
  }

  #takeKnown(path: string): (MirrorRow & Partial<Pick<MirroredFile, "program" | "executable">>) | undefined {
    const row = this.#known.get(path);
    this.#known.delete(path);
    return row;
  }

  async #copy(
    source: MirrorSource,
    path: string,
    stat: FileStat,
  ): Promise<MirroredFile | "unsettled" | "gone" | "refused"> {
    const to = this.pathOf(path);
    try {
      await this.#makeFolder(dirname(to));
      const { size, mtimeNs, inode } = await source.copy(path, to, Math.min(stat.size, LIMITS.sourceFileBytes));
      const bytes = await Deno.readFile(to);
      const digest = await crypto.subtle.digest("SHA-256", bytes);
      return {
        size,
        // Deno's own look at a file knows no more than milliseconds.
        mtimeNs: `${mtimeNs - mtimeNs % 1_000_000n}`,
        inode: `${inode}`,
        executable: stat.executable,
        hash: new Uint8Array(digest).toHex(),
        program: stat.executable && ELF.every((byte, at) => bytes[at] === byte),
      };
    } catch (error) {
      const code = (error as { code?: string }).code ?? "";
      if (code === "EAGAIN") return "unsettled";
      // It grew, and was let in with what it had.
      if (code === "EFBIG" && stat.size <= LIMITS.sourceFileBytes) return "unsettled";
      await this.#removeCopy(path);
      // Gone between the look and the copy: its event is on the way.
      if (code === "ENOENT") return "gone";
      this.#refused.set(path, REFUSALS[code] ?? `it cannot be copied (${code || error})`);
      return "refused";
    }
  }

  async #makeFolder(folder: string): Promise<void> {
    if (this.#folders.has(folder)) return;
    await Deno.mkdir(folder, { recursive: true });
    this.#folders.add(folder);
  }

  async #removeCopy(path: string): Promise<void> {
    await Deno.remove(this.pathOf(path)).catch(() => {});
    for (let folder = dirname(this.pathOf(path)); folder !== this.folder; folder = dirname(folder)) {
      try {
        await Deno.remove(folder);
      } catch {
        return;
      }
      this.#folders.delete(folder);
    }
  }
}

function openOrNull(fs: MirrorFs, root: string): MirrorSource | null {
  try {
    return fs.open(root);
  } catch {
    // The whole folder went away meanwhile; the next look sees that.
    return null;
  }
}

function isSame(a: { size: number; mtimeNs: string; inode: string }, b: FileStat): boolean {
  return a.size === b.size && a.mtimeNs === b.mtimeNs && a.inode === b.inode;
}

function rowOf(tenant: string, path: string, { size, mtimeNs, inode, hash }: MirroredFile): MirrorRow {
  return { tenant, path, size, mtimeNs, inode, hash };
}
