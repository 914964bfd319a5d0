import { join } from "node:path";
import { OperatorError } from "../errors.ts";
import { explain } from "./explain.ts";
import { sha256 } from "./hash.ts";
import { CacheLock } from "./lock.ts";
import { checkedManifest, describeFolder, writeManifest } from "./manifest.ts";
import type { Progress } from "./progress.ts";

/** How to make a folder of the cache. */
export interface Recipe {
  readonly name: string;
  /** Says what goes into the folder: another content has another key. */
  readonly key: string;
  /** What the manifest must hash to, when that is known beforehand. */
  readonly manifestSha256?: string;
  make(folder: string): Promise<void>;
}

/** Of folders that are being worked in: whoever gets the lock removes what it finds of them. */
const MAKING = "making-";
/** A newer folder of the same name puts those out that were made so long ago. */
const KEPT_MS = 30 * 24 * 60 * 60 * 1000;

/**
 * Folders that are whole or not there: each is made aside, described by a manifest of hashes, and renamed
 * into place. What is found is checked against its manifest at every use, and made again if it differs.
 */
export class Cache {
  readonly #lock: CacheLock;
  readonly #getting = new Map<string, Promise<void>>();

  constructor(readonly dir: string, private readonly progress: Progress) {
    this.#lock = new CacheLock(
      join(dir, "lock"),
      () => progress("Waiting for another start to finish setting up"),
      () => this.#sweep(),
    );
  }

  /** Where the recipe's folder is, or will be. */
  pathOf(recipe: Recipe): string {
    return join(this.dir, `${recipe.name}-${recipe.key}`);
  }

  /** The path of the recipe's folder, checked or new. */
  async folder(recipe: Recipe): Promise<string> {
    const folder = this.pathOf(recipe);
    const ready = this.#getting.get(folder) ?? this.#get(folder, recipe).finally(() => this.#getting.delete(folder));
    this.#getting.set(folder, ready);
    await ready;
    return folder;
  }

  /** A folder to work in, under the lock; it is gone afterwards. */
  scratch<T>(work: (folder: string) => Promise<T>): Promise<T> {
    return this.#lock.hold(async () => {
      const folder = await Deno.makeTempDir({ dir: this.dir, prefix: MAKING });
      try {
        return await work(folder);
      } finally {
        await Deno.remove(folder, { recursive: true }).catch(() => {});
      }
    });
  }

  async #get(folder: string, recipe: Recipe): Promise<void> {
    try {
      if (!await this.#isWhole(folder, recipe)) await this.#lock.hold(() => this.#restore(folder, recipe));
    } catch (error) {
      throw explain(error, recipe.name, this.dir);
    }
  }

  async #isWhole(folder: string, recipe: Recipe): Promise<boolean> {
    const manifest = await checkedManifest(folder);
    if (manifest === null) return false;
    return recipe.manifestSha256 === undefined || recipe.manifestSha256 === sha256(manifest);
  }

  async #restore(folder: string, recipe: Recipe): Promise<void> {
    // Another start may have made it while this one waited for the lock.
    if (await this.#isWhole(folder, recipe)) return;
    if (await exists(folder)) {
      this.progress(`The cached ${recipe.name} is damaged: making it again`);
      await Deno.remove(folder, { recursive: true });
    }
    await this.scratch(async (scratch) => {
      const making = join(scratch, recipe.name);
      await Deno.mkdir(making);
      await recipe.make(making);
      await writeManifest(making, await this.#manifestOf(making, recipe));
      await Deno.rename(making, folder);
    });
    await this.#forget(recipe, folder);
  }

  async #manifestOf(making: string, recipe: Recipe): Promise<string> {
    const manifest = await describeFolder(making);
    const { name, manifestSha256 } = recipe;
    if (manifestSha256 === undefined || manifestSha256 === sha256(manifest)) return manifest;
    throw new OperatorError(
      `Cannot use ${name}: its unpacked files have the hash ${sha256(manifest)}, not the pinned one`,
      "start again; if it stays so, see that Python's standard library is whole",
    );
  }

  /** What a killed start left: nobody else makes anything while this process has the lock. */
  async #sweep(): Promise<void> {
    for await (const { name } of Deno.readDir(this.dir)) {
      // A tool that outlived its killed start may still write there: the next sweep gets the rest.
      if (name.startsWith(MAKING)) await Deno.remove(join(this.dir, name), { recursive: true }).catch(() => {});
    }
  }

  async #forget(recipe: Recipe, newest: string): Promise<void> {
    for await (const { name } of Deno.readDir(this.dir)) {
      const folder = join(this.dir, name);
      if (!name.startsWith(`${recipe.name}-`) || folder === newest) continue;
      const { mtime } = await Deno.lstat(folder);
      if (Date.now() - mtime!.getTime() > KEPT_MS) await Deno.remove(folder, { recursive: true });
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}
