import assert from "node:assert/strict";
import { join } from "node:path";
import { cacheDirOf, openCacheDir } from "./cache_dir.ts";

Deno.test("the cache is where the XDG base directory specification says", () => {
  assert.equal(cacheDirOf({ HOME: "/h", XDG_CACHE_HOME: "/x" }), "/x/mayfly");
  assert.equal(cacheDirOf({ HOME: "/h", XDG_CACHE_HOME: "relative" }), "/h/.cache/mayfly");
  assert.equal(cacheDirOf({ HOME: "/h" }), "/h/.cache/mayfly");
  assert.throws(() => cacheDirOf({}), {
    name: "OperatorError",
    message: "Cannot find a cache folder: HOME is not set",
  });
});

async function withDir(work: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  await work(dir).finally(() => Deno.remove(dir, { recursive: true }));
}

const modeOf = async (dir: string) => (await Deno.stat(dir)).mode! & 0o777;

Deno.test("the cache is its owner's alone, also if it was everybody's before", () =>
  withDir(async (dir) => {
    const cache = join(dir, "new", "mayfly");
    await openCacheDir(cache);
    assert.equal(await modeOf(cache), 0o700);
    await Deno.chmod(cache, 0o777);
    await openCacheDir(cache);
    assert.equal(await modeOf(cache), 0o700);
  }));

Deno.test("the cache may be a link of the user's to a folder of the user's", () =>
  withDir(async (dir) => {
    await Deno.mkdir(join(dir, "elsewhere"));
    await Deno.symlink(join(dir, "elsewhere"), join(dir, "mayfly"));
    await openCacheDir(join(dir, "mayfly"));
    assert.equal(await modeOf(join(dir, "elsewhere")), 0o700);
  }));

Deno.test("a folder of another user is refused", () =>
  withDir(async (dir) => {
    const foreign = join(dir, "mayfly");
    await Deno.mkdir(foreign);
    const SOMEBODY = 1;
    if (Deno.uid() === 0) await Deno.chown(foreign, SOMEBODY, SOMEBODY);
    const refused = openCacheDir(Deno.uid() === 0 ? foreign : "/");
    await assert.rejects(refused, { name: "OperatorError", message: /not a folder of this user/ });
  }));

Deno.test("a file in the way of the cache is told", () =>
  withDir(async (dir) => {
    await Deno.writeTextFile(join(dir, "file"), "");
    await assert.rejects(openCacheDir(join(dir, "file", "mayfly")), { name: "OperatorError" });
    await assert.rejects(openCacheDir(join(dir, "file")), { name: "OperatorError" });
  }));
