import { join } from "node:path";
import { type Check, ok } from "../cli/host_checks.ts";
import { MiB } from "../limits.ts";
import { diskBytes } from "../state/disk_bytes.ts";
import { HOME } from "../types.ts";

const SHOWN = 10;

/** What is there beside versions, by its folder. */
const OTHERS = { runtimes: "runtimes", python: "Python packages", npm: "npm packages", logs: "logs" };

/** What is in a folder for each tenant. */
const OF_TENANTS = ["versions", "mirror"];

/** What the data folder takes of the disk, and whose versions and files most of that. */
export async function dataChecks(dataDir: string): Promise<Check[]> {
  const all = await diskBytes(dataDir);
  if (all === 0) return [];
  const folders = OF_TENANTS.map((name) => join(dataDir, name));
  const names = new Set((await Promise.all(folders.map(foldersIn))).flat());
  const tenants = await Promise.all([...names].map(async (tenant) => {
    const parts = await Promise.all(folders.map((folder) => diskBytes(join(folder, tenant))));
    return {
      name: tenant === HOME ? "functions outside of @ folders" : `@${tenant}`,
      bytes: parts.reduce((sum, bytes) => sum + bytes, 0),
    };
  }));
  const others = await Promise.all(
    Object.entries(OTHERS).map(async ([folder, name]) => ({ name, bytes: await diskBytes(join(dataDir, folder)) })),
  );
  const largest = [...tenants, ...others].filter(({ bytes }) => bytes > 0).sort((a, b) => b.bytes - a.bytes);
  const parts = largest.slice(0, SHOWN).map(({ name, bytes }) => `${name} ${inMb(bytes)}`);
  const more = largest.length > SHOWN ? [`${largest.length - SHOWN} more tenants`] : [];
  return [ok("Disk use", [`${inMb(all)} in all`, ...parts, ...more].join(", "))];
}

const inMb = (bytes: number): string => `${Math.ceil(bytes / MiB)} MB`;

async function foldersIn(path: string): Promise<string[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(path));
    return entries.filter(({ name, isDirectory }) => isDirectory && !name.startsWith(".")).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
