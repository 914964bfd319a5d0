import { dirname, join } from "node:path";
import { type DiskFile, diskFiles, type DiskUse, diskUse } from "../state/disk_bytes.ts";
import type { FunctionId } from "../types.ts";
import { folderName } from "./names.ts";
import { removeAll } from "./remove_all.ts";

/** A version's folder while it is made; it is nobody's until it is committed. */
export interface Draft {
  readonly folder: string;
  /** Writes it to the disk for good and puts it in its place; resolves with the folder that it is now. */
  commit(id: FunctionId, version: string): Promise<string>;
  discard(): Promise<void>;
}

const DRAFTS = ".drafts";
const MANIFEST = "manifest.json";

export const BUNDLE = "bundle.js";
export const SOURCE_MAP = "bundle.js.map";

/** One folder for each version: bundle, source map, snapshot and a manifest that tells what has to be there. */
export class VersionFolders {
  /** What each tenant's folders take of the disk, once somebody asked. */
  readonly #uses = new Map<string, DiskUse>();

  constructor(readonly folder: string) {}

  /** Where versions are made. */
  get drafts(): string {
    return join(this.folder, DRAFTS);
  }

  /** Of all of a tenant's versions; `anew`: measured now, whatever is known. */
  async useOf(tenant: string, anew = false): Promise<DiskUse> {
    const known = anew ? undefined : this.#uses.get(tenant);
    if (known) return known;
    const use = await diskUse(join(this.folder, tenant));
    this.#uses.set(tenant, use);
    return use;
  }

  /** What was not committed is nobody's. */
  async sweep(): Promise<void> {
    await removeAll(this.drafts);
    await Deno.mkdir(this.drafts, { recursive: true });
  }

  of(id: FunctionId, version: string): string {
    return join(this.#ofFunction(id), version);
  }

  async draft(): Promise<Draft> {
    const folder = join(this.drafts, crypto.randomUUID());
    await Deno.mkdir(folder, { recursive: true });
    const discard = () => removeAll(folder);
    const commit = async (id: FunctionId, version: string) => {
      await writeManifest(folder, { ...id, version });
      const place = this.of(id, version);
      await Deno.mkdir(dirname(place), { recursive: true });
      // A folder that no row names, of a server that was killed between the two.
      await removeAll(place);
      await Deno.rename(folder, place);
      await syncFolder(dirname(place));
      const files = await diskFiles(place);
      for (const file of files) this.#uses.get(id.tenant)?.add(file);
      return place;
    };
    return { folder, commit, discard };
  }

  /** Describes a version's files again, which were made anew in their place. */
  async described(id: FunctionId, version: string): Promise<void> {
    await writeManifest(this.of(id, version), { ...id, version });
  }

  /** Whether all files of a version are there in full. */
  async isWhole(id: FunctionId, version: string): Promise<boolean> {
    const folder = this.of(id, version);
    try {
      const { files } = JSON.parse(await Deno.readTextFile(join(folder, MANIFEST))) as {
        files: Record<string, number>;
      };
      const sizes = await Promise.all(
        Object.keys(files).map(async (name) => (await Deno.stat(join(folder, name))).size),
      );
      return Object.values(files).every((size, at) => size === sizes[at]);
    } catch {
      return false;
    }
  }

  /** Resolves with the files that were there. */
  async remove(id: FunctionId, version: string): Promise<readonly DiskFile[]> {
    return await this.#remove(id, this.of(id, version));
  }

  async removeFunction(id: FunctionId): Promise<void> {
    await this.#remove(id, this.#ofFunction(id));
  }

  async #remove({ tenant }: FunctionId, folder: string): Promise<readonly DiskFile[]> {
    const files = await diskFiles(folder);
    await removeAll(folder);
    for (const file of files) this.#uses.get(tenant)?.remove(file);
    return files;
  }

  #ofFunction({ tenant, name }: FunctionId): string {
    return join(this.folder, tenant, folderName(name));
  }
}

async function writeManifest(folder: string, facts: object): Promise<void> {
  const files: Record<string, number> = {};
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (!isFile || name.startsWith(MANIFEST)) continue;
    // A snapshot holds what a function was given to keep for itself.
    await Deno.chmod(join(folder, name), 0o600);
    using file = await Deno.open(join(folder, name));
    await file.syncData();
    files[name] = (await file.stat()).size;
  }
  const fresh = join(folder, `${MANIFEST}.new`);
  {
    using manifest = await Deno.open(fresh, { write: true, create: true, truncate: true, mode: 0o600 });
    await manifest.write(new TextEncoder().encode(JSON.stringify({ ...facts, files }, null, 2) + "\n"));
    await manifest.syncData();
  }
  await Deno.rename(fresh, join(folder, MANIFEST));
  await syncFolder(folder);
}

/** A rename is on the disk when its folder is. */
async function syncFolder(path: string): Promise<void> {
  using folder = await Deno.open(path);
  await folder.sync();
}
