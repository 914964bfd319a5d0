import { join } from "node:path";

/** What a file takes of the disk. */
export interface DiskFile {
  readonly bytes: number;
  /** Of one that has other names; null: it has this one alone. */
  readonly id: string | null;
}

const BLOCK_BYTES = 512;
const FOLDERS_AT_ONCE = 8;

/** What files take together: one that has several names is there once. */
export class DiskUse {
  #bytes = 0;
  readonly #shared = new Map<string, { readonly bytes: number; names: number }>();

  get bytes(): number {
    return this.#bytes;
  }

  add({ bytes, id }: DiskFile): void {
    const shared = id === null ? undefined : this.#shared.get(id);
    if (shared) shared.names++;
    else {
      this.#bytes += bytes;
      if (id !== null) this.#shared.set(id, { bytes, names: 1 });
    }
  }

  remove({ bytes, id }: DiskFile): void {
    const shared = id === null ? undefined : this.#shared.get(id);
    if (shared && --shared.names > 0) return;
    if (id !== null) this.#shared.delete(id);
    this.#bytes = Math.max(0, this.#bytes - (shared?.bytes ?? bytes));
  }

  /** What would come with files. */
  growth(files: readonly DiskFile[]): number {
    const sizes = new DiskUse();
    for (const file of files) {
      if (file.id === null || !this.#shared.has(file.id)) sizes.add(file);
    }
    return sizes.bytes;
  }
}

/** What a folder and all below it take of the disk; what goes away meanwhile counts nothing. */
export async function diskBytes(folder: string): Promise<number> {
  return (await diskUse(folder)).bytes;
}

/** The same of each file; `except` is a folder below it. */
export async function diskUse(folder: string, except?: string): Promise<DiskUse> {
  const use = new DiskUse();
  await walk(folder, (file) => use.add(file), except);
  return use;
}

export async function diskFiles(folder: string): Promise<readonly DiskFile[]> {
  const files: DiskFile[] = [];
  await walk(folder, (file) => files.push(file));
  return files;
}

async function walk(top: string, onFile: (file: DiskFile) => void, except?: string): Promise<void> {
  const ahead = [top];
  const look = async (folder: string) => {
    for (const { name, isDirectory } of await entriesOf(folder)) {
      const path = join(folder, name);
      if (path === except) continue;
      if (isDirectory) ahead.push(path);
      else {
        const file = await fileAt(path);
        if (file) onFile(file);
      }
    }
  };
  while (ahead.length > 0) await Promise.all(ahead.splice(0, FOLDERS_AT_ONCE).map(look));
}

/** Holes of a file take nothing. */
async function fileAt(path: string): Promise<DiskFile | null> {
  try {
    const { size, blocks, nlink, dev, ino } = await Deno.lstat(path);
    return {
      bytes: blocks === null ? size : blocks * BLOCK_BYTES,
      id: nlink !== null && nlink > 1 ? `${dev}:${ino}` : null,
    };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

async function entriesOf(folder: string): Promise<Deno.DirEntry[]> {
  try {
    return await Array.fromAsync(Deno.readDir(folder));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
