import { dirname, join } from "node:path";
import { MayflyError } from "../errors.ts";
import { LIMITS } from "../limits.ts";
import type { SourceExtent } from "./function.ts";
import type { Source } from "./sources.ts";

/** What `removeSource` would delete: hidden files in a folder count too, because they go with it. */
export async function extentOf(root: string, { file, folder }: Source): Promise<SourceExtent> {
  if (folder === null) return { path: file, files: 1 };
  return { path: `${folder}/`, files: await filesBelow(join(root, folder)) };
}

/** Deletes what a function was made from: its file, or its whole folder. Nothing outside of the root is touched. */
export async function removeSource(root: string, source: Source): Promise<SourceExtent> {
  const { file, folder, name } = source;
  const path = folder ?? file;
  const target = join(root, path);
  const place = join(await Deno.realPath(root), dirname(path));
  if (await Deno.realPath(dirname(target)) !== place) {
    throw new MayflyError("forbidden", `Cannot remove ${name}: ${dirname(path)} is a link to another folder`);
  }
  const extent = await extentOf(root, source);
  await Deno.remove(target, { recursive: folder !== null });
  return extent;
}

/** Links are not followed, as they are not when it is deleted. */
async function filesBelow(top: string): Promise<number> {
  const folders = [top];
  let files = 0;
  for (let folder = folders.pop(); folder !== undefined && files < LIMITS.countedFiles; folder = folders.pop()) {
    try {
      for await (const { name, isDirectory } of Deno.readDir(folder)) {
        if (isDirectory) folders.push(join(folder, name));
        else files++;
      }
    } catch (error) {
      // It changes meanwhile, or is not the server's to read.
      if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied)) throw error;
    }
  }
  return Math.min(files, LIMITS.countedFiles);
}
