import assert from "node:assert/strict";
import { join } from "node:path";
import { diskBytes, diskFiles, diskUse } from "./disk_bytes.ts";

const KiB = 1024;

/** A file of 64 KiB with a name in each of two folders, and a smaller one in the second. */
async function withLinks(test: (folder: string, one: string, two: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "mayfly-disk-" });
  const [one, two] = ["one", "two"].map((name) => join(folder, name));
  try {
    for (const path of [one, two]) await Deno.mkdir(path);
    await Deno.writeFile(join(one, "shared"), new Uint8Array(64 * KiB).fill(1));
    await Deno.link(join(one, "shared"), join(two, "shared"));
    await Deno.writeFile(join(two, "own"), new Uint8Array(16 * KiB).fill(1));
    await test(folder, one, two);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a file with several names takes its bytes once", () =>
  withLinks(async (folder, one, two) => {
    assert.equal(await diskBytes(one), 64 * KiB);
    assert.equal(await diskBytes(two), 80 * KiB);
    assert.equal(await diskBytes(folder), 80 * KiB);
  }));

Deno.test("what comes counts without what is there, and what goes without what stays", () =>
  withLinks(async (_, one, two) => {
    const use = await diskUse(one);
    const files = await diskFiles(two);
    assert.equal(use.growth(files), 16 * KiB);
    for (const file of files) use.add(file);
    assert.equal(use.bytes, 80 * KiB);
    for (const file of await diskFiles(one)) use.remove(file);
    assert.equal(use.bytes, 80 * KiB, "it has another name");
    for (const file of files) use.remove(file);
    assert.equal(use.bytes, 0);
  }));

Deno.test("holes take nothing, nor does what is left out or gone", () =>
  withLinks(async (folder, one, two) => {
    await Deno.truncate(join(one, "shared"), 1024 * KiB);
    assert.equal(await diskBytes(one), 64 * KiB);
    assert.equal((await diskUse(folder, two)).bytes, 64 * KiB);
    assert.equal(await diskBytes(join(folder, "gone")), 0);
  }));
