import { sha256 } from "./content_hash.ts";
import type { Mirror } from "./mirror.ts";

/** A file's copy is not what it was: the file was saved again while it was read, or the copy is damaged. */
export class FileChanged extends Error {
  override readonly name = "FileChanged";
  constructor(readonly path: string) {
    super(`Cannot read ${path}: it changed meanwhile`);
  }
}

/** A file as it was when it was hashed. Throws a FileChanged. */
export async function mirroredBytes(
  mirror: Pick<Mirror, "pathOf">,
  path: string,
  hash: string | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await Deno.readFile(mirror.pathOf(path)).catch((error) => {
    throw error instanceof Deno.errors.NotFound ? new FileChanged(path) : error;
  });
  if (await sha256(bytes) !== hash) throw new FileChanged(path);
  return bytes;
}
