import { createHash } from "node:crypto";
import type { ImageFile } from "../runtime.ts";

/** Of what is in an image, by what the disk tells of its files: those of this machine change when it is updated. */
export async function keyOfFiles(files: readonly ImageFile[]): Promise<string> {
  const hash = createHash("sha256");
  for (const { host, path } of files) {
    const { size, mtime, ino } = await Deno.stat(host);
    hash.update(JSON.stringify([host, path, size, mtime?.getTime(), ino]));
  }
  return hash.digest("hex").slice(0, 16);
}
