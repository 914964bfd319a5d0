import { join } from "node:path";

const BLOCK_BYTES = 512;
const FOLDERS_AT_ONCE = 8;

/** What a folder and all below it take of the disk; what goes away meanwhile counts nothing. */
export async function diskBytes(folder: string): Promise<number> {
  let total = 0;
  const ahead = [folder];
  const walk = async (path: string) => {
    for (const { name, isDirectory } of await entriesOf(path)) {
      if (isDirectory) {
        ahead.push(join(path, name));
        continue;
      }
      // Not in one: the sum before the wait would be the sum after it.
      const size = await sizeOf(join(path, name));
      total += size;
    }
  };
  while (ahead.length > 0) await Promise.all(ahead.splice(0, FOLDERS_AT_ONCE).map(walk));
  return total;
}

/** Holes of a file take nothing. */
async function sizeOf(file: string): Promise<number> {
  try {
    const { size, blocks } = await Deno.lstat(file);
    return blocks === null ? size : blocks * BLOCK_BYTES;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
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
