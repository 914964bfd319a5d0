import { join } from "node:path";
import type { OwnFiles } from "../host/host.ts";
import { FilePack } from "../state/file_pack.ts";

/** A version's own files. */
const FILES = "files.pack";

/** Opened when a sandbox first asks, and closed with the snapshot. */
export class VersionFiles {
  readonly #path: string;
  #pack: Promise<FilePack | null> | null = null;

  constructor(versionFolder: string) {
    this.#path = join(versionFolder, FILES);
  }

  /** Null: the function is one file. */
  readonly open = (): Promise<OwnFiles | null> => this.#pack ??= openPack(this.#path);

  close(): void {
    this.#pack?.then((pack) => pack?.[Symbol.dispose](), () => {});
    this.#pack = null;
  }
}

async function openPack(path: string): Promise<FilePack | null> {
  try {
    return await FilePack.open(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
