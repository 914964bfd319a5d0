import { join } from "node:path";
import type { OwnFiles } from "../host/host.ts";
import { FILE_PACK, FilePack } from "../state/file_pack.ts";

/** A version's own files: opened when a sandbox first asks, and closed with the snapshot. */
export class VersionFiles {
  #pack: Promise<FilePack | null> | null = null;

  /** The version's; a build's moves once, when it is committed. */
  constructor(public folder: string) {}

  /** Null: the function is one file. */
  readonly open = (): Promise<OwnFiles | null> => this.#pack ??= openPack(join(this.folder, FILE_PACK));

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
