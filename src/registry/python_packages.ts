import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import { MiB } from "../limits.ts";
import { diskBytes } from "../state/disk_bytes.ts";
import { hashOfFile } from "../state/file_hash.ts";
import { FolderBound, FolderFull } from "./folder_bound.ts";
import type { Pip } from "./pip.ts";
import { removeAll } from "./remove_all.ts";
import { shownNames } from "./shown_names.ts";
import { parseRequirements, type Requirement, RequirementError } from "./requirements.ts";

export interface PythonPackagesOptions {
  readonly pip: Pick<Pip, "download" | "unpack">;
  /** A folder for each tenant. */
  readonly folder: string;
  /** Makes a packed image of files of this machine. */
  readonly pack: (to: string, sources: readonly { host: string; path: string }[]) => Promise<void>;
  /** What wheels are chosen for: the Python of this machine. */
  readonly pythonOf: () => Promise<string>;
  readonly mostBytes: number;
}

export interface InstalledPackages {
  /** Null: nothing is required. */
  readonly image: string | null;
  /** `flask==3.1.0 sha256:...` */
  readonly packages: readonly string[];
}

const IMAGE = "packages.image";
/** Written last: what has it is whole. */
const LIST = "packages.json";
const DRAFT = "draft-";
/** Where guests import them from. */
const GUEST_FOLDER = "/packages";
const KEPT = 8;
const NOTHING: InstalledPackages = { image: null, packages: [] };

/** What requirements.txt files name, installed once for each tenant and kept as an image. */
export class PythonPackages {
  readonly #options: PythonPackagesOptions;
  /** One at a time for each tenant: they share pip's cache. */
  readonly #last = new Map<string, Promise<unknown>>();

  constructor(options: PythonPackagesOptions) {
    this.#options = options;
  }

  /** Throws a RequirementError. */
  async install(
    tenant: string,
    text: string,
    signal: AbortSignal,
    onProgress: (what: string) => void,
  ): Promise<InstalledPackages> {
    const requirements = parseRequirements(text);
    if (requirements.length === 0) return NOTHING;
    const python = await this.#options.pythonOf().catch((error) => {
      throw new RequirementError(error.message, requirements[0].line);
    });
    const key = keyOf(requirements, python);
    return await this.#queue(tenant, async () => {
      signal.throwIfAborted();
      return await this.#install(tenant, requirements, key, signal, onProgress);
    });
  }

  /** The tenant is no more, nor are its packages. */
  async forget(tenant: string): Promise<void> {
    await this.#queue(tenant, () => removeAll(join(this.#options.folder, tenant)));
  }

  #queue<T>(tenant: string, task: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(tenant) ?? Promise.resolve()).then(task);
    this.#last.set(tenant, turn.catch(() => {}));
    return turn;
  }

  async #install(
    tenant: string,
    requirements: readonly Requirement[],
    key: string,
    signal: AbortSignal,
    onProgress: (what: string) => void,
  ): Promise<InstalledPackages> {
    const folder = join(this.#options.folder, tenant);
    const kept = join(folder, key);
    const known = await packagesIn(kept);
    if (known) return { image: join(kept, IMAGE), packages: known };
    onProgress(`Installing ${shownNames(requirements.map(({ name }) => name))}`);
    const draft = join(folder, `${DRAFT}${randomBytes(8).toString("hex")}`);
    const cache = join(folder, "cache");
    try {
      await Deno.mkdir(draft, { recursive: true, mode: 0o700 });
      const packages = await this.#make(requirements, draft, cache, signal);
      await removeAll(kept);
      await Deno.rename(draft, kept);
      await removeOld(folder, key, this.#options.mostBytes);
      return { image: join(kept, IMAGE), packages };
    } catch (error) {
      await Deno.remove(draft, { recursive: true }).catch(() => {});
      if (!(error instanceof FolderFull)) throw error;
      const most = this.#options.mostBytes / MiB;
      throw new RequirementError(`Cannot install packages of more than ${most} MB`, requirements[0].line);
    } finally {
      // It only saves downloads, and pip itself keeps everything for ever.
      if (await diskBytes(cache) > this.#options.mostBytes) await removeAll(cache);
    }
  }

  async #make(
    requirements: readonly Requirement[],
    draft: string,
    cache: string,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const { pip, pack, mostBytes } = this.#options;
    const [wheels, unpacked, scratch] = ["wheels", "unpacked", "scratch"].map((name) => join(draft, name));
    for (const folder of [wheels, scratch]) await Deno.mkdir(folder);
    // Both are there at once: the wheels, and what is in them, which is there twice while it is put in its place.
    using bound = new FolderBound(draft, 3 * mostBytes);
    const child = { scratch, signal: AbortSignal.any([signal, bound.signal]) };
    await pip.download(requirements, wheels, { ...child, cache });
    await bound.check();
    const files = (await Array.fromAsync(Deno.readDir(wheels))).map(({ name }) => name).sort();
    const packages: string[] = [];
    for (const name of files) packages.push(`${nameOf(name)} sha256:${await hashOfFile(join(wheels, name))}`);
    await pip.unpack(files.map((name) => join(wheels, name)), unpacked, child);
    using size = new FolderBound(unpacked, mostBytes);
    await size.check();
    signal.throwIfAborted();
    await pack(join(draft, IMAGE), [{ host: unpacked, path: GUEST_FOLDER }]);
    for (const folder of [wheels, unpacked, scratch]) await Deno.remove(folder, { recursive: true });
    await Deno.writeTextFile(join(draft, LIST), JSON.stringify(packages));
    return packages;
  }
}

function keyOf(requirements: readonly Requirement[], python: string): string {
  const wanted = requirements.map(({ line: _, ...rest }) => rest);
  return createHash("sha256").update(JSON.stringify([wanted, python])).digest("hex").slice(0, 32);
}

async function packagesIn(folder: string): Promise<readonly string[] | null> {
  try {
    return JSON.parse(await Deno.readTextFile(join(folder, LIST)));
  } catch {
    return null;
  }
}

/** `flask-3.1.0-py3-none-any.whl` */
const nameOf = (wheel: string): string => wheel.split("-").slice(0, 2).join("==");

/** Versions have links to their images: what goes here is there still. Drafts are a former server's. */
async function removeOld(folder: string, newest: string, mostBytes: number): Promise<void> {
  const kept: { path: string; madeMs: number; bytes: number }[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (name.startsWith(DRAFT)) await Deno.remove(path, { recursive: true });
    else if (/^[0-9a-f]{32}$/.test(name) && name !== newest) {
      const madeMs = (await Deno.stat(path)).mtime?.getTime() ?? 0;
      kept.push({ path, madeMs, bytes: await sizeOf(join(path, IMAGE)) });
    }
  }
  kept.sort((a, b) => b.madeMs - a.madeMs);
  let total = await sizeOf(join(folder, newest, IMAGE));
  for (const [at, { path, bytes }] of kept.entries()) {
    total += bytes;
    if (at >= KEPT - 1 || total > mostBytes) await Deno.remove(path, { recursive: true });
  }
}

const sizeOf = (file: string): Promise<number> => Deno.stat(file).then(({ size }) => size, () => 0);
