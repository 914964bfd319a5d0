import { dirname, join } from "node:path";
import { LIMITS, MiB } from "../limits.ts";
import { BuildError, FILES } from "../tiers/tier.ts";
import { mirroredBytes } from "./mirrored_bytes.ts";
import type { Root } from "./root.ts";

/**
 * Copies files of a root into FILES of a version's folder, where the tier finds them: each at its path below the root, as
 * it was when it was hashed; throws a FileChanged otherwise. They are there only while the version is built.
 */
export async function stageFiles(
  { mirror }: Root,
  files: Readonly<Record<string, string>>,
  versionFolder: string,
): Promise<void> {
  let total = 0;
  for (const [path, hash] of Object.entries(files)) {
    const bytes = await mirroredBytes(mirror, path, hash);
    total += bytes.length;
    if (total > LIMITS.ownFilesBytes) {
      throw new BuildError(`Cannot build it: its files have more than ${LIMITS.ownFilesBytes / MiB} MB`);
    }
    const to = join(versionFolder, FILES, path);
    await Deno.mkdir(dirname(to), { recursive: true });
    await Deno.writeFile(to, bytes, { mode: mirror.files.get(path)?.executable ? 0o700 : 0o600 });
  }
}
