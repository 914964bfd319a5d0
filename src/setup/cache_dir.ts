import { isAbsolute, join } from "node:path";
import { OperatorError } from "../errors.ts";
import { explain } from "./explain.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** The user's own cache folder, as the XDG base directory specification places it. */
export function cacheDirOf(env: Env): string {
  // The specification says to ignore a relative path here.
  if (env.XDG_CACHE_HOME && isAbsolute(env.XDG_CACHE_HOME)) return join(env.XDG_CACHE_HOME, "mayfly");
  if (env.HOME) return join(env.HOME, ".cache", "mayfly");
  throw new OperatorError(
    "Cannot find a cache folder: HOME is not set",
    "set HOME, or XDG_CACHE_HOME to a folder of yours",
  );
}

/** Makes the folder, for its owner alone: what it holds is run. */
export async function openCacheDir(dir: string): Promise<void> {
  try {
    await Deno.mkdir(dir, { recursive: true, mode: 0o700 });
    const { isDirectory, uid, mode } = await Deno.stat(dir);
    // A link is followed if the user made it: others may make links where they may not change folders.
    const { uid: linkUid } = await Deno.lstat(dir);
    if (!isDirectory || uid !== Deno.uid() || linkUid !== Deno.uid()) throw new Deno.errors.NotADirectory();
    if ((mode! & 0o077) !== 0) await Deno.chmod(dir, 0o700);
  } catch (error) {
    if (!isNoFolder(error)) throw explain(error, "the cache folder", dir);
    throw new OperatorError(
      `Cannot use ${dir}: it is not a folder of this user`,
      "remove it, or set XDG_CACHE_HOME to a folder of yours",
    );
  }
}

function isNoFolder(error: unknown): boolean {
  return error instanceof Deno.errors.NotADirectory || error instanceof Deno.errors.AlreadyExists;
}
