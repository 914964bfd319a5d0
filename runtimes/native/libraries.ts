import { basename, join } from "node:path";
import type { ImageSource } from "../../ffi/native_image.ts";
import { type Elf, readElf } from "./elf.ts";

/** Where every dynamic loader looks without being told: what lies elsewhere no guest would find. */
const FOLDERS = [
  "/lib/x86_64-linux-gnu",
  "/usr/lib/x86_64-linux-gnu",
  "/lib64",
  "/usr/lib64",
  "/lib",
  "/usr/lib",
];

/** Collects shared libraries of this machine, each at the path that it has here, with all that they are linked with. */
export class Libraries {
  readonly #files = new Map<string, ImageSource>();
  readonly #names = new Set<string>();

  get files(): readonly ImageSource[] {
    return [...this.#files.values()];
  }

  /** What this machine does not have is left out: what needs it says so when it is started. */
  async add(name: string): Promise<void> {
    if (this.#names.has(name)) return;
    this.#names.add(name);
    const path = await find(name);
    if (path !== null) await this.#put(path);
  }

  /** What a program needs, its dynamic loader included. */
  async addNeeded({ interpreter, needed }: Pick<Elf, "interpreter" | "needed">): Promise<void> {
    if (interpreter !== null && !this.#names.has(basename(interpreter))) {
      this.#names.add(basename(interpreter));
      await this.#put(interpreter);
    }
    for (const name of needed) await this.add(name);
  }

  async #put(path: string): Promise<void> {
    const host = await Deno.realPath(path);
    this.#files.set(path, { host, path });
    await this.addNeeded(await readElf(host));
  }
}

async function find(name: string): Promise<string | null> {
  if (name.includes("/")) return null;
  for (const folder of FOLDERS) {
    const path = join(folder, name);
    if (await isFile(path)) return path;
  }
  return null;
}

export async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}
