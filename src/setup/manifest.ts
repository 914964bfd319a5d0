import { join } from "node:path";
import { sha256OfFile } from "./hash.ts";

const MANIFEST = "manifest";

/** One line per file below the folder, "hash  path", sorted. Anything but files and folders is an error. */
export async function describeFolder(folder: string): Promise<string> {
  const lines: string[] = [];
  const walk = async (below: string): Promise<void> => {
    for await (const entry of Deno.readDir(join(folder, below))) {
      const path = join(below, entry.name);
      if (entry.isDirectory) await walk(path);
      else if (!entry.isFile) throw new Error(`Cannot describe ${path}: not a regular file`);
      else if (path !== MANIFEST) lines.push(`${sha256OfFile(join(folder, path))}  ${path}\n`);
    }
  };
  await walk("");
  return lines.sort().join("");
}

export async function writeManifest(folder: string, manifest: string): Promise<void> {
  await Deno.writeTextFile(join(folder, MANIFEST), manifest);
}

/** The manifest of a folder that holds exactly what it says, else null. */
export async function checkedManifest(folder: string): Promise<string | null> {
  try {
    const manifest = await Deno.readTextFile(join(folder, MANIFEST));
    return manifest === await describeFolder(folder) ? manifest : null;
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) throw error;
    return null;
  }
}
