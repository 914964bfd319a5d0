import { join } from "node:path";
import { type Check, ok } from "../cli/host_checks.ts";
import { MiB } from "../limits.ts";
import { diskBytes, diskFiles, DiskUse } from "../state/disk_bytes.ts";
import { HOME } from "../types.ts";

const SHOWN = 10;

/** What is there for all, by its folder. */
const OTHERS = { runtimes: "runtimes", logs: "logs" };

/** What is in a folder for each tenant, and counts for its diskMb; and packages, which do not, but where versions have them. */
const OF_TENANTS = ["versions", "mirror"];
const PACKAGES = ["python", "npm"];

/** What the data folder takes of the disk, and whose versions, files and packages most of that. */
export async function dataChecks(dataDir: string): Promise<Check[]> {
  const all = await diskBytes(dataDir);
  if (all === 0) return [];
  const folders = [...OF_TENANTS, ...PACKAGES].map((name) => join(dataDir, name));
  const names = new Set((await Promise.all(folders.map(foldersIn))).flat());
  const tenants = await Promise.all([...names].map(async (tenant) => {
    const use = new DiskUse();
    const add = async (folder: string) => {
      for (const file of await diskFiles(join(dataDir, folder, tenant))) use.add(file);
    };
    for (const folder of OF_TENANTS) await add(folder);
    const ownBytes = use.bytes;
    for (const folder of PACKAGES) await add(folder);
    return {
      name: tenant === HOME ? "functions outside of @ folders" : `@${tenant}`,
      bytes: use.bytes,
      packagesBytes: use.bytes - ownBytes,
    };
  }));
  const others = await Promise.all(
    Object.entries(OTHERS).map(async ([folder, name]) => ({
      name,
      bytes: await diskBytes(join(dataDir, folder)),
      packagesBytes: 0,
    })),
  );
  const largest = [...tenants, ...others].filter(({ bytes }) => bytes > 0).sort((a, b) => b.bytes - a.bytes);
  const parts = largest.slice(0, SHOWN).map(({ name, bytes, packagesBytes }) =>
    `${name} ${inMb(bytes)}${packagesBytes > 0 ? ` (${inMb(packagesBytes)} of them kept packages)` : ""}`
  );
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
