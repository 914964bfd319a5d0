import assert from "node:assert/strict";
import { join } from "node:path";
import { VersionFolders } from "./version_folders.ts";

async function versions(): Promise<{ folders: VersionFolders } & AsyncDisposable> {
  const folder = await Deno.makeTempDir({ prefix: "mayfly-versions-" });
  const folders = new VersionFolders(folder);
  await folders.sweep();
  return { folders, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}

const id = { tenant: "home", name: "api/[id]" };

async function commit(folders: VersionFolders, version: string, text: string): Promise<void> {
  const draft = await folders.draft();
  await Deno.writeTextFile(join(draft.folder, "bundle.js"), text);
  await draft.commit(id, version);
}

Deno.test("a version is there when it was committed, and only then", async () => {
  await using v = await versions();
  const draft = await v.folders.draft();
  await Deno.writeTextFile(join(draft.folder, "bundle.js"), "text");
  assert.equal(await v.folders.isWhole(id, "v1"), false);
  await draft.commit(id, "v1");
  assert.equal(await v.folders.isWhole(id, "v1"), true);
  assert.equal(await Deno.readTextFile(join(v.folders.of(id, "v1"), "bundle.js")), "text");
});

Deno.test("a version takes the place of what a killed server left of it", async () => {
  await using v = await versions();
  await commit(v.folders, "v1", "old");
  await commit(v.folders, "v1", "new");
  assert.equal(await Deno.readTextFile(join(v.folders.of(id, "v1"), "bundle.js")), "new");
});

Deno.test("a version with a file that is cut, missing or not told of is not whole", async () => {
  await using v = await versions();
  await commit(v.folders, "v1", "text");
  const file = join(v.folders.of(id, "v1"), "bundle.js");
  await Deno.truncate(file, 2);
  assert.equal(await v.folders.isWhole(id, "v1"), false);
  await Deno.remove(file);
  assert.equal(await v.folders.isWhole(id, "v1"), false);
  await Deno.writeTextFile(file, "text");
  await Deno.truncate(join(v.folders.of(id, "v1"), "manifest.json"), 10);
  assert.equal(await v.folders.isWhole(id, "v1"), false);
});

Deno.test("what was discarded or never committed is swept, what was committed is kept", async () => {
  await using v = await versions();
  await commit(v.folders, "v1", "text");
  await (await v.folders.draft()).discard();
  await v.folders.draft();
  await v.folders.sweep();
  assert.deepEqual([...Deno.readDirSync(join(v.folders.folder, ".drafts"))], []);
  assert.equal(await v.folders.isWhole(id, "v1"), true);
});

Deno.test("versions of names that look alike do not meet", async () => {
  await using v = await versions();
  const others = ["api/[id]", "api%2F[id]", "api/%5Bid%5D", "..", "../x"].map((name) => ({ tenant: "home", name }));
  const places = others.map((other) => v.folders.of(other, "v"));
  assert.equal(new Set(places).size, others.length);
  for (const place of places) assert.ok(place.startsWith(`${v.folders.folder}/home/`), place);
});
