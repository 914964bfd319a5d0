import { createHash } from "node:crypto";
import { join } from "node:path";
import type { ImageSource } from "../../../ffi/native_image.ts";
import { FUNCTION_FOLDER } from "../../../runtimes/guest_environment.ts";
import { LIMITS } from "../../limits.ts";
import { FILE_PACK, type PackedFile, writeFilePack } from "../../state/file_pack.ts";
import { type Artifact, FILES, PACKAGES } from "../tier.ts";
import type { StoredView } from "./stored.ts";

/** In a version's folder: its own files as a packed image. */
const FILES_IMAGE = "files.image";

/** Makes a packed image of files of this machine. */
export type PackImage = (to: string, sources: readonly ImageSource[]) => Promise<void>;

export interface OwnFiles {
  /** A pack that is told to the guest at its deploy; null: there is none. */
  readonly pack: Uint8Array<ArrayBuffer> | null;
  /** Images in the version's folder that the guest sees. */
  readonly views: readonly string[];
}

/** Turns the files that the registry put into the version's folder into what guests get, and removes them. */
export async function keepFiles(
  { language }: Pick<Artifact, "language">,
  folder: string,
  pack: PackImage,
): Promise<OwnFiles> {
  const staged = join(folder, FILES);
  const packages = await isThere(join(folder, PACKAGES)) ? [PACKAGES] : [];
  if (!await isThere(staged)) return { pack: null, views: packages };
  const files = await Array.fromAsync(filesBelow(staged, ""));
  const total = files.reduce((sum, { size }) => sum + size, 0);
  const isSmall = language === "python" && total <= LIMITS.filesInSnapshotBytes;
  if (isSmall) await writeSmall(folder, files);
  else await pack(join(folder, FILES_IMAGE), [{ host: staged, path: FUNCTION_FOLDER }]);
  await Deno.remove(staged, { recursive: true });
  return await keptFiles(folder);
}

/** The same, of a version that is there. */
export async function keptFiles(folder: string): Promise<OwnFiles> {
  const names = [FILES_IMAGE, PACKAGES];
  const there = await Promise.all(names.map((name) => isThere(join(folder, name))));
  const views = names.filter((_, at) => there[at]);
  const small = join(folder, FILE_PACK);
  const pack = await isThere(small) ? await Deno.readFile(small) : null;
  return { pack, views };
}

/** A view of the version's folder while it is built. */
export const viewIn = (folder: string, name: string): StoredView => ({ file: join(folder, name) });

async function writeSmall(folder: string, files: readonly { path: string; from: string }[]): Promise<void> {
  const packed: PackedFile[] = await Promise.all(files.map(async ({ path, from }) => ({
    path,
    from,
    hash: createHash("sha256").update(await Deno.readFile(from)).digest("hex"),
  })));
  await writeFilePack(join(folder, FILE_PACK), packed, LIMITS.ownFilesBytes);
}

async function* filesBelow(
  root: string,
  below: string,
): AsyncGenerator<{ path: string; from: string; size: number }> {
  for await (const { name, isDirectory } of Deno.readDir(join(root, below))) {
    const path = below === "" ? name : `${below}/${name}`;
    const from = join(root, path);
    if (isDirectory) yield* filesBelow(root, path);
    else yield { path, from, size: (await Deno.stat(from)).size };
  }
}

async function isThere(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
