import assert from "node:assert/strict";
import { join } from "node:path";
import { RegistryHarness } from "../../tests/fakes/registry_harness.ts";
import { MayflyError } from "../errors.ts";

const says = (text: string) => `export default () => new Response(${JSON.stringify(text)});\n`;
const F = { tenant: "home", name: "f" };

async function deployed(h: RegistryHarness, ...texts: string[]): Promise<void> {
  for (const text of texts) {
    await h.drop({ "f.ts": says(text) });
    await h.serves("f", `"${text}"`);
  }
  await h.registry.settled();
}

async function restart(h: RegistryHarness): Promise<void> {
  await h.down();
  await h.up();
  await h.registry.settled();
}

const draftsOf = (h: RegistryHarness) => [...Deno.readDirSync(join(h.data, "versions", ".drafts"))];

Deno.test("a restart builds nothing, and reads no snapshot before it is asked for", async () => {
  await using h = await RegistryHarness.start({
    "f.ts": says("f"),
    "g.ts": `import "./_x.ts"; ${says("g")}`,
    "_x.ts": "",
  });
  const built = h.tier.prepared.length;
  const before = h.registry.list().map(({ id, active }) => [id.name, active?.version]);
  h.fs.copies = 0;
  await restart(h);
  assert.deepEqual(h.registry.list().map(({ id, active }) => [id.name, active?.version]), before);
  assert.deepEqual([h.tier.prepared.length, h.fs.copies, h.tier.loaded], [built, 0, []]);
  assert.equal(h.entry("f")!.state, "ready");
  assert.match((await h.text("f"))!, /"f"/);
  assert.deepEqual(h.tier.loaded, ["f"]);
});

Deno.test("what changed while the server was down is deployed when it comes up", async () => {
  await using h = await RegistryHarness.start({ "a.ts": says("a"), "b.ts": says("b"), "c.ts": says("c") });
  await h.down();
  await Deno.remove(join(h.functions, "a.ts"));
  await h.drop({ "b.ts": says("b changed"), "d.ts": says("d") });
  await h.up();
  assert.equal(h.entry("a"), null);
  await h.serves("b", "b changed");
  await h.serves("d", `"d"`);
  await h.registry.settled();
  assert.deepEqual(h.tier.prepared.toSorted(), ["a", "b", "b", "c", "d"]);
});

Deno.test("a function that fails for ever is tried once at each start", async () => {
  await using h = await RegistryHarness.start({ "f.ts": says("good") });
  await h.drop({ "f.ts": "export default (" });
  await h.fails("f", /^f\.ts:1:/);
  const failures = () => h.events.filter((event) => event.type === "deploy" && event.state === "failed").length;
  assert.equal(failures(), 1);
  await h.drop({ "other.ts": says("other") });
  await h.serves("other", "other");
  assert.equal(failures(), 1);
  await restart(h);
  assert.equal(failures(), 2);
  assert.match((await h.text("f"))!, /good/);
});

Deno.test("another engine builds its own versions", async () => {
  await using h = await RegistryHarness.start({ "f.ts": says("f") });
  const { version } = h.entry("f")!.active!;
  await h.down();
  h.tier.engine = "engine-2";
  await h.up();
  await h.until("it serves", () => h.entry("f")!.active);
  assert.notEqual(h.entry("f")!.active!.version, version);
});

Deno.test("the same sources make the same version, and nothing is built for it again", async () => {
  await using h = await RegistryHarness.start({ "f.ts": says("a") });
  const first = h.entry("f")!.active!.version;
  await deployed(h, "b", "a");
  assert.equal(h.entry("f")!.active!.version, first);
  assert.equal(h.tier.prepared.length, 2);
  await using other = await RegistryHarness.start({ "f.ts": says("a") });
  assert.equal(other.entry("f")!.active!.version, first);
});

Deno.test("the last ten versions are kept, on the disk too", async () => {
  await using h = await RegistryHarness.start();
  await deployed(h, ...Array.from({ length: 12 }, (_, n) => `text ${n}`));
  const versions = await h.registry.versions(F);
  assert.equal(versions.length, 10);
  assert.deepEqual(versions.map(({ active }) => active), [true, ...Array(9).fill(false)]);
  const folders = [...Deno.readDirSync(join(h.data, "versions", "home", "f"))].map(({ name }) => name);
  assert.deepEqual(folders.toSorted(), versions.map(({ version }) => version).toSorted());
  assert.deepEqual(draftsOf(h), []);
});

Deno.test("a rollback serves until the source changes, over a restart too", async () => {
  await using h = await RegistryHarness.start({ "g.ts": says("g") });
  await deployed(h, "one", "two", "three");
  await h.registry.rollback(F, null);
  await h.serves("f", `"two"`);
  const oldest = (await h.registry.versions(F)).at(-1)!.version;
  assert.equal(await h.registry.rollback(F, oldest), oldest);
  await h.serves("f", `"one"`);
  await h.drop({ "g.ts": says("g changed"), "f.ts": says("three") });
  await h.serves("g", "g changed");
  await restart(h);
  assert.match((await h.text("f"))!, /"one"/);
  await deployed(h, "four");
  await restart(h);
  assert.match((await h.text("f"))!, /"four"/);
});

Deno.test("a rollback forth again is none any more", async () => {
  await using h = await RegistryHarness.start();
  await deployed(h, "one", "two");
  const [newest] = await h.registry.versions(F);
  await h.registry.rollback(F, null);
  await h.registry.rollback(F, newest.version);
  assert.equal(h.store.functions.get("home\nf")!.rolledBackFrom, null);
});

Deno.test("a rollback goes back from what serves, in the order of deploys, and not beyond the oldest", async () => {
  await using h = await RegistryHarness.start();
  // The second "one" is the same version, deployed after "two".
  await deployed(h, "one", "two", "one", "three");
  for (const text of ["one", "two"]) {
    await h.registry.rollback(F, null);
    await h.serves("f", `"${text}"`);
  }
  const oldest = h.entry("f")!.active!.version;
  await assert.rejects(
    h.registry.rollback(F, null),
    (error) => error instanceof MayflyError && error.code === "not_found" && error.message.includes(oldest),
  );
  assert.match((await h.text("f"))!, /"two"/);
  assert.notEqual(h.entry("f")!.rolledBackFrom, null);
  await restart(h);
  await assert.rejects(h.registry.rollback(F, null), /is the oldest version/);
});

Deno.test("the beginning of a version's name is enough where it is the only one", async () => {
  await using h = await RegistryHarness.start();
  await deployed(h, ...Array.from({ length: 10 }, (_, n) => `text ${n}`));
  const versions = (await h.registry.versions(F)).map(({ version }) => version);
  const wanted = versions.at(-1)!;
  const length =
    [...wanted].findIndex((_, at) =>
      versions.filter((version) => version.startsWith(wanted.slice(0, at + 1))).length === 1
    ) + 1;
  assert.equal(await h.registry.rollback(F, wanted.slice(0, length)), wanted);
  await assert.rejects(h.registry.rollback(F, ""), /no version/);
  const first = new Set<string>();
  const twice = versions.map((version) => version[0]).find((letter) => first.has(letter) || !first.add(letter));
  assert.ok(twice);
  await assert.rejects(
    h.registry.rollback(F, twice),
    (error) => error instanceof MayflyError && error.code === "bad_request" && /may be any of/.test(error.message),
  );
});

Deno.test("a rollback to what is not there changes nothing", async () => {
  await using h = await RegistryHarness.start({ "f.ts": says("f") });
  for (const version of [null, "0123456789abcdef", "../../x"]) {
    await assert.rejects(
      h.registry.rollback(F, version),
      (error) => error instanceof MayflyError && /roll back f/.test(error.message),
    );
  }
  await assert.rejects(h.registry.rollback({ tenant: "home", name: "nobody" }, null), /nobody/);
  assert.match((await h.text("f"))!, /"f"/);
});

Deno.test("a rollback to what cannot serve says why", async () => {
  await using h = await RegistryHarness.start();
  await deployed(h, "one", "two");
  const [{ version: newest }, { version: oldest }] = await h.registry.versions(F);
  await Deno.truncate(join(h.data, "versions", "home", "f", oldest, "snapshot"), 1);
  await assert.rejects(h.registry.rollback(F, oldest), {
    message: /^Cannot roll back f: the files of .* are damaged$/,
  });
  await h.down();
  h.tier.engine = "engine-2";
  await h.up();
  await h.serves("f", `"two"`);
  await assert.rejects(h.registry.rollback(F, newest), { message: /^Cannot roll back f: .* is of another engine$/ });
});

Deno.test("a deploy tells whether it was built, built before, or rolled back to, and a time only of a build", async () => {
  await using h = await RegistryHarness.start({ "f.ts": says("one") });
  await h.drop({ "f.ts": says("two") });
  await h.serves("f", "two");
  await h.registry.rollback(F, null);
  await h.drop({ "f.ts": says("three") });
  await h.serves("f", "three");
  await h.drop({ "f.ts": says("one") });
  await h.serves("f", "one");
  const told = h.events.flatMap((event) => event.type === "deploy" && event.state === "ready" ? [event] : []);
  assert.deepEqual(told.map(({ how }) => how), ["built", "built", "rollback", "built", "again"]);
  assert.deepEqual(told.map(({ buildMs }) => buildMs !== null), [true, true, false, true, false]);
});

Deno.test("a function is removed with its source and its versions", async () => {
  await using h = await RegistryHarness.start({ "f.ts": says("f"), "dir/main.ts": says("dir"), "dir/lib.ts": "" });
  const f = h.entry("f")!.active!;
  await h.registry.remove(F);
  // What nobody serves goes with the folder, and is counted.
  await Deno.mkdir(join(h.functions, "dir/.git"));
  await Deno.writeTextFile(join(h.functions, "dir/.git/HEAD"), "");
  const extent = { path: "dir/", files: 3 };
  assert.deepEqual(await h.registry.source({ tenant: "home", name: "dir" }), extent);
  assert.deepEqual(await h.registry.remove({ tenant: "home", name: "dir" }), extent);
  assert.equal(h.entry("f"), null);
  assert.equal(h.registry.match("home", "/dir"), null);
  assert.deepEqual([...Deno.readDirSync(h.functions)], []);
  assert.deepEqual([...Deno.readDirSync(join(h.data, "versions", "home"))], []);
  assert.equal(f.snapshot, null);
  assert.equal(h.tier.disposed, 2);
});

Deno.test("nothing outside of the functions folder is removed", async () => {
  await using h = await RegistryHarness.start({ "in/f.ts": says("f") });
  await Deno.rename(join(h.functions, "in"), join(h.root, "out"));
  await Deno.symlink(join(h.root, "out"), join(h.functions, "in"));
  await h.registry.remove({ tenant: "home", name: "in/f" }).catch(() => {});
  assert.ok(await Deno.stat(join(h.root, "out", "f.ts")));
});

Deno.test("an old version's snapshot is let go of when another one serves", async () => {
  await using h = await RegistryHarness.start();
  await deployed(h, "one", "two", "three");
  assert.equal(h.tier.disposed, 2);
});

Deno.test("a request that waited while its version was replaced gets the one that serves", async () => {
  await using h = await RegistryHarness.start();
  await deployed(h, "one");
  const entry = h.entry("f")!;
  await deployed(h, "two");
  assert.equal(await h.registry.load(entry), entry.active!.snapshot);
});

Deno.test("a version whose files were cut is built again, from a mirror that was cut as well", async () => {
  await using h = await RegistryHarness.start({
    "f.ts": `import { x } from "./_x.ts";\n${says("whole")} export { x };`,
    "_x.ts": "export const x = 1;",
  });
  await h.down();
  const folder = join(h.data, "versions", "home", "f", h.store.functions.get("home\nf")!.activeVersion!);
  await Deno.truncate(join(folder, "snapshot"), 5);
  await Deno.truncate(join(h.data, "mirror", "home", "f.ts"), 5);
  await h.up();
  const entry = h.entry("f")!;
  await assert.rejects(
    h.registry.load(entry),
    (error) => error instanceof MayflyError && error.code === "not_deployed",
  );
  await h.until("it serves again", () => entry.active);
  assert.match((await h.text("f"))!, /whole/);
});

Deno.test("a version that turns out damaged while it serves is built again, once, and another version's damage is none", async () => {
  await using h = await RegistryHarness.start({ "f.ts": says("whole") });
  const entry = h.entry("f")!;
  const { version } = entry.active!;
  const { id } = entry;
  h.tier.onDamaged!(id, "0123456789abcdef", new Error("damaged"));
  assert.equal(entry.active!.version, version);
  for (let times = 0; times < 2; times++) h.tier.onDamaged!(id, version, new Error("damaged"));
  assert.deepEqual([entry.active, entry.state], [null, "building"]);
  await h.until("it serves again", () => entry.active);
  await h.registry.settled();
  assert.match((await h.text("f"))!, /whole/);
  assert.deepEqual([h.tier.prepared, h.tier.disposed], [["f", "f"], 1]);
});

Deno.test("what a killed server left half made is swept", async () => {
  await using h = await RegistryHarness.start({ "f.ts": says("f") });
  await h.down();
  await Deno.mkdir(join(h.data, "versions", ".drafts", "half"), { recursive: true });
  await Deno.writeTextFile(join(h.data, "versions", ".drafts", "half", "bundle.js"), "half");
  await h.up();
  assert.deepEqual(draftsOf(h), []);
});
