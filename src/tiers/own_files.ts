import { join } from "node:path";
import type { OwnFiles } from "../host/host.ts";
import { FilePack } from "../state/file_pack.ts";

/** Of a version's folder: the files of a function that is a folder itself. */
const FILES = "files.pack";

/** A version's own files: opened when a sandbox first asks, and closed with the snapshot. */
export class VersionFiles {
  #pack: Promise<FilePack | null> | null = null;

  /** The version's; a build's moves once, when it is committed. */
  constructor(public folder: string) {}

  /** Null: the function is one file. */
  readonly open = (): Promise<OwnFiles | null> => this.#pack ??= openPack(join(this.folder, FILES));

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
