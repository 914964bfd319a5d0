import assert from "node:assert/strict";
import { join } from "node:path";
import { RegistryHarness } from "../../tests/fakes/registry_harness.ts";
import { systemClock } from "../clock.ts";
import { MiB } from "../limits.ts";
import { DiskRoom } from "./disk_room.ts";
import { VersionFolders } from "./version_folders.ts";

/** Its version has some more than that, half of it the bundle, half of it the snapshot. */
const large = (mb: number, salt: string) => `export default () => "${salt.repeat(mb * 1024 * 1024 / 2)}";\n`;

const versionsOf = async (h: RegistryHarness, name: string) =>
  (await h.registry.versions({ tenant: "home", name })).length;

Deno.test("a version that does not fit its tenant's diskMb is refused with the sum, and the old one serves on", async () => {
  await using h = await RegistryHarness.start({
    "mayfly.json": `{ "tenants": { "*": { "diskMb": 3 } } }`,
    "a.ts": large(2, "a"),
    "b.ts": `export default () => "small";\n`,
  });
  await h.drop({ "b.ts": large(2, "b") });
  await h.fails(
    "b",
    /^b\.ts: Cannot keep it: the versions of the functions outside .* take [45] MB together, and diskMb is 3$/,
  );
  assert.match((await h.text("b"))!, /small/);
  await h.drop({ "mayfly.json": "{}", "b.ts": large(2, "c") });
  await h.serves("b", "ccc");
});

Deno.test("the oldest versions go before one is refused", async () => {
  await using h = await RegistryHarness.start({ "mayfly.json": `{ "tenants": { "home": { "diskMb": 7 } } }` });
  for (const salt of ["a", "b", "c", "d"]) {
    await h.drop({ "f.ts": large(2, salt) });
    await h.serves("f", salt.repeat(9));
  }
  await h.registry.settled();
  assert.ok(await versionsOf(h, "f") < 4);
  assert.ok(await versionsOf(h, "f") > 1);
});

Deno.test("the data folder is bounded, whosever versions they are", async () => {
  await using h = await RegistryHarness.start({
    "mayfly.json": `{ "server": { "dataMb": 7 } }`,
    "a.ts": large(2, "a"),
  });
  await h.drop({ "a.ts": `export default () => "small";\n` });
  await h.serves("a", "small");
  await h.drop({ "b.ts": large(4, "b") });
  await h.serves("b", "bbb");
  assert.equal(await versionsOf(h, "a"), 1);
  await h.drop({ "c.ts": large(4, "c") });
  await h.fails("c", /the data folder would take \d+ MB, and the server's dataMb is 7$/);
});

Deno.test("packages that a tenant's versions share count once against its diskMb", async () => {
  const data = await Deno.makeTempDir({ prefix: "mayfly-room-" });
  try {
    const folders = new VersionFolders(join(data, "versions"));
    await folders.sweep();
    const none = { spareVersions: () => Promise.resolve([]), removeVersions: () => Promise.resolve() };
    const room = new DiskRoom({ clock: systemClock, data, store: none, folders, diskMbOf: () => 3, dataMb: () => 6 });
    const image = join(data, "packages.image");
    await Deno.writeFile(image, new Uint8Array(2 * MiB).fill(1));
    const admit = async (name: string, own: number) => {
      const draft = await folders.draft();
      await Deno.link(image, join(draft.folder, "packages.image"));
      await Deno.writeFile(join(draft.folder, "snapshot.bin"), new Uint8Array(own).fill(1));
      const id = { tenant: "acme", name };
      await room.admit(id, draft.folder, () => draft.commit(id, "v1"));
      return id;
    };
    const versions = [];
    for (const name of ["a", "b", "c", "d", "e"]) versions.push(await admit(name, 64 * 1024));
    await assert.rejects(() => admit("f", 1 * MiB), /the versions of @acme would take 4 MB together, and diskMb is 3/);
    for (const id of versions) await folders.remove(id, "v1");
    await admit("g", 900 * 1024);
    await assert.rejects(() => admit("h", 900 * 1024), /diskMb is 3/);
  } finally {
    await Deno.remove(data, { recursive: true });
  }
});
