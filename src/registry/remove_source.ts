import { dirname, join } from "node:path";
import { MayflyError } from "../errors.ts";
import type { Source } from "./sources.ts";

/** Deletes what a function was made from: its file, or its whole folder. Nothing outside of the root is touched. */
export async function removeSource(root: string, { file, folder, name }: Source): Promise<string> {
  const path = folder ?? file;
  const target = join(root, path);
  const place = join(await Deno.realPath(root), dirname(path));
  if (await Deno.realPath(dirname(target)) !== place) {
    throw new MayflyError("forbidden", `Cannot remove ${name}: ${dirname(path)} is a link to another folder`);
  }
  await Deno.remove(target, { recursive: folder !== null });
  return path;
}
