import { join } from "node:path";
import type { Recipe } from "./cache.ts";
import { sha256, shortHash } from "./hash.ts";
import { readOverride } from "./override.ts";
import { packageRecipe } from "./packages.ts";
import { WASMTIME } from "./pins.ts";
import type { Progress } from "./progress.ts";

export const WASMTIME_LIBRARY = WASMTIME.keep.to;

/** A folder with wasmtime's library: the pinned one, or a copy of the one that MAYFLY_WASMTIME names. */
export async function wasmtimeRecipe(env: Readonly<Record<string, string>>, progress: Progress): Promise<Recipe> {
  const library = await readOverride("MAYFLY_WASMTIME", env);
  if (!library) return packageRecipe(WASMTIME, env, progress);
  return {
    name: "wasmtime-named",
    key: shortHash(sha256(library)),
    make: (folder) => Deno.writeFile(join(folder, WASMTIME_LIBRARY), library),
  };
}
