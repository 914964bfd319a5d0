import { createHash } from "node:crypto";

const PIECE_BYTES = 1024 * 1024;

/** SHA-256 of a file of any size, piece by piece: nobody waits for more than one. */
export async function hashOfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  const bytes = new Uint8Array(PIECE_BYTES);
  using file = await Deno.open(path);
  for (let count; (count = await file.read(bytes)) !== null;) hash.update(bytes.subarray(0, count));
  return hash.digest("hex");
}
