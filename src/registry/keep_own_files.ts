import { join } from "node:path";
import { LIMITS } from "../limits.ts";
import { FILE_PACK, PackChanged, PackError, writeFilePack } from "../state/file_pack.ts";
import { BuildError } from "../tiers/tier.ts";
import { FileChanged } from "./mirrored_bytes.ts";
import type { Root } from "./root.ts";
import type { Source } from "./sources.ts";

/** Keeps the files of a function that is a folder with its version, as they are in the mirror. */
export async function keepOwnFiles(root: Root, source: Source, versionFolder: string): Promise<void> {
  const { folder } = source;
  if (folder === null) return;
  const files = Object.entries(root.filesOf(source)).map(([path, hash]) => ({
    path: path.slice(folder.length + 1),
    from: root.mirror.pathOf(path),
    hash,
  }));
  try {
    await writeFilePack(join(versionFolder, FILE_PACK), files, LIMITS.ownFilesBytes);
  } catch (error) {
    if (error instanceof PackChanged) throw new FileChanged(`${folder}/${error.path}`);
    throw error instanceof PackError ? new BuildError(error.message) : error;
  }
}
