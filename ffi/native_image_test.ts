import assert from "node:assert/strict";
import { join } from "node:path";
import { startSetup } from "../src/setup/setup.ts";
import { packImage } from "./native_image.ts";
import { openShim } from "./symbols.ts";

const symbols = openShim((await startSetup({ progress: console.log }).shim).library);

async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await Deno.makeTempDir();
  for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(join(folder, name), text);
  return folder;
}

const isThere = (path: string) => Deno.lstat(path).then(() => true, () => false);

Deno.test("the same files give the same image, which is its owner's alone", async () => {
  const folder = await folderWith({ a: "one", b: "two" });
  const images = ["first", "second"].map((name) => join(folder, name));
  const sources = ["a", "b"].map((name) => ({ host: join(folder, name), path: `/function/${name}` }));
  for (const image of images) await packImage(symbols, image, sources);
  const [first, second] = await Promise.all(images.map((image) => Deno.readFile(image)));
  assert.deepEqual(first, second);
  assert.equal((await Deno.stat(images[0])).mode! & 0o777, 0o600);
  assert.ok(new TextDecoder("latin1").decode(first).includes("two"));
});

Deno.test("another content gives another image", async () => {
  const [one, two] = [await folderWith({ a: "one" }), await folderWith({ a: "two" })];
  for (const folder of [one, two]) {
    await packImage(symbols, join(folder, "image"), [{ host: join(folder, "a"), path: "/a" }]);
  }
  assert.notDeepEqual(await Deno.readFile(join(one, "image")), await Deno.readFile(join(two, "image")));
});

Deno.test("an image is a new file: what is there stays, whatever a link says", async () => {
  const folder = await folderWith({ a: "one", there: "as it was" });
  const sources = [{ host: join(folder, "a"), path: "/a" }];
  await Deno.symlink(join(folder, "there"), join(folder, "link"));
  for (const name of ["there", "link"]) {
    await assert.rejects(packImage(symbols, join(folder, name), sources), { code: "EEXIST" });
  }
  assert.equal(await Deno.readTextFile(join(folder, "there")), "as it was");
});

Deno.test("what cannot be packed is named, and leaves no image", async () => {
  const folder = await folderWith({ a: "one" });
  const image = join(folder, "image");
  await assert.rejects(packImage(symbols, image, [{ host: join(folder, "none"), path: "/none" }]), /none/);
  await assert.rejects(packImage(symbols, image, [{ host: join(folder, "a"), path: "/../a" }]), /\/\.\.\/a/);
  await assert.rejects(packImage(symbols, image, [{ host: `${folder}/a\n/etc/passwd\t/b`, path: "/a" }]), /line break/);
  await assert.rejects(packImage(symbols, image, []), { code: "EINVAL" });
  assert.equal(await isThere(image), false);
});
