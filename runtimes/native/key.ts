import { createHash } from "node:crypto";
import type { ImageSource } from "../../ffi/native_image.ts";

/** Of what is in an image, by what the disk tells of its files: those of this machine change when it is updated. */
export async function keyOfFiles(files: readonly ImageSource[]): Promise<string> {
  const hash = createHash("sha256");
  const stats = await Promise.all(files.map(({ host }) => Deno.stat(host)));
  for (const [at, { host, path }] of files.entries()) {
    const { size, mtime, ino } = stats[at];
    hash.update(JSON.stringify([host, path, size, mtime?.getTime(), ino]));
  }
  return hash.digest("hex").slice(0, 16);
}
