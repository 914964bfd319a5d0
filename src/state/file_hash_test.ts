import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { hashOfFile } from "./file_hash.ts";

const MiB = 1024 * 1024;

async function withFile(bytes: Uint8Array, test: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "mayfly-hash-" });
  try {
    const path = join(folder, "file");
    await Deno.writeFile(path, bytes);
    await test(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const length of [0, 1, MiB - 1, MiB, MiB + 1, 3 * MiB + 7]) {
  Deno.test(`a file of ${length} bytes has the hash of all its bytes`, () => {
    const bytes = Uint8Array.from({ length }, (_, at) => at % 251);
    return withFile(bytes, async (path) => {
      assert.equal(await hashOfFile(path), createHash("sha256").update(bytes).digest("hex"));
    });
  });
}
