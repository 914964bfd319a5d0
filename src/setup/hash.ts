import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";

const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));

export function sha256(content: Uint8Array | string): string {
  return createHash("sha256").update(content).digest("hex");
}

const buffer = new Uint8Array(256 * 1024);

/** Of a file of any size, in constant memory. */
export function sha256OfFile(path: string): string {
  const hash = createHash("sha256");
  using file = Deno.openSync(path);
  for (let length; (length = file.readSync(buffer)) !== null;) hash.update(buffer.subarray(0, length));
  return hash.digest("hex");
}

/** Names what is made of these sources of the repository and these facts, in any clone of it. */
export async function keyOf(sources: readonly string[], ...facts: readonly string[]): Promise<string> {
  const hashes = await Promise.all(
    sources.map(async (path) => `${withoutRoot(path)} ${sha256(await Deno.readFile(path))}`),
  );
  return shortHash([...hashes.sort(), ...facts].join("\n"));
}

export function shortHash(content: string): string {
  return sha256(content).slice(0, 16);
}

function withoutRoot(path: string): string {
  return path.startsWith(REPOSITORY) ? path.slice(REPOSITORY.length) : path;
}
