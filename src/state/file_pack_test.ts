import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { TempDir } from "../../tests/fakes/temp_dir.ts";
import { FilePack, PackError, writeFilePack } from "./file_pack.ts";

const hashOf = (text: string) => createHash("sha256").update(text).digest("hex");

async function pack(dir: string, files: Record<string, string>, mostBytes = 1e6): Promise<string> {
  const packed = [];
  for (const [at, [path, text]] of Object.entries(files).entries()) {
    const from = join(dir, `${at}`);
    await Deno.writeTextFile(from, text);
    packed.push({ path, from, hash: hashOf(text) });
  }
  const to = join(dir, "files.pack");
  await writeFilePack(to, packed, mostBytes);
  return to;
}

Deno.test("files come out of a pack as they went in, whole and in parts", async () => {
  await using dir = await TempDir.make();
  const files = { "b.txt": "second", "a/ä.txt": "größer", "a.txt": "", "a/b": "x".repeat(100_000) };
  using opened = await FilePack.open(await pack(dir.path, files));
  assert.deepEqual(opened.paths, ["a.txt", "a/b", "a/ä.txt", "b.txt"]);
  for (const [path, text] of Object.entries(files)) {
    assert.equal(new TextDecoder().decode((await opened.read(path))!), text);
    assert.equal(opened.size(path), new TextEncoder().encode(text).length);
  }
  assert.equal(new TextDecoder().decode((await opened.read("b.txt", 2, 3))!), "con");
  assert.equal((await opened.read("b.txt", 100))!.length, 0);
  assert.equal(await opened.read("a"), null);
  assert.equal(opened.size("../b.txt"), null);
});

Deno.test("a pack that is damaged anywhere in its index is refused or reads no further than its end", async () => {
  await using dir = await TempDir.make();
  const path = await pack(dir.path, { "a.txt": "one", "b.txt": "two" });
  const whole = await Deno.readFile(path);
  for (let at = 0; at < 24 + 2 * 24; at++) {
    const bytes = whole.slice();
    bytes[at] ^= 0x80;
    await Deno.writeFile(path, bytes);
    try {
      using opened = await FilePack.open(path);
      for (const name of opened.paths) assert.ok((await opened.read(name))!.length <= whole.length);
    } catch (error) {
      assert.ok(error instanceof Error);
    }
  }
  await Deno.writeFile(path, whole.subarray(0, whole.length - 1));
  await assert.rejects(FilePack.open(path), /damaged/);
});

Deno.test("what changed after it was looked at is not packed, nor is what is too much", async () => {
  await using dir = await TempDir.make();
  const from = join(dir.path, "from");
  await Deno.writeTextFile(from, "new");
  const file = { path: "a", from, hash: hashOf("old") };
  await assert.rejects(writeFilePack(join(dir.path, "1"), [file], 1e6), PackError);
  await assert.rejects(pack(dir.path, { a: "x".repeat(1000) }, 500), PackError);
});
