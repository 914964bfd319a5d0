import assert from "node:assert/strict";
import { CellOperation } from "../../../ffi/layout.ts";
import { artifactOf, fakeBuilds } from "../../../tests/fakes/fake_builds.ts";
import type { Answer } from "../../../tests/fakes/fake_cell.ts";
import { LIMITS } from "../../limits.ts";
import { Cells } from "./cells.ts";
import { Renewal } from "./renewal.ts";
import { readVersion, RECORD, SNAPSHOT } from "./version_snapshot.ts";
import { VmBuild } from "./vm_build.ts";
import { VmSnapshot } from "./vm_snapshot.ts";

const LOOKS_PER_SWEEP = 60;

async function setUp(answer?: Answer) {
  let nowMs = 0;
  const clock = { now: () => nowMs, monotonic: () => nowMs };
  const troubles: string[] = [];
  const renewed: string[] = [];
  let sweeps = 0;
  const onTrouble = (message: string) => troubles.push(message);
  const builds = await fakeBuilds({ clock, onTrouble, answer });
  const { options, starter } = builds;
  const parts = { ...options, known: [] };
  const renewal = new Renewal({
    ...parts,
    onRenewed: ({ id }) => Promise.resolve(void renewed.push(id.name)),
    sweep: () => Promise.resolve(void sweeps++),
    onTrouble,
  });
  const cells = new Cells({ clock, starter, memoryOf: () => 0, memoryBytesOf: () => 2 ** 31, onDamaged: () => {} });
  return {
    ...builds,
    renewal,
    troubles,
    renewed,
    sweeps: () => sweeps,
    pass: (ms: number) => nowMs += ms,
    /** A function of that name that serves. */
    async deployed(name: string) {
      const artifact = artifactOf(name);
      const folder = await Deno.makeTempDir();
      const files = { pack: null, views: [] };
      const signal = new AbortController().signal;
      await VmBuild.run(options, { artifact, folder, to: folder, files, log: () => {}, signal });
      const snapshot = new VmSnapshot({
        cells,
        clock,
        id: artifact.id,
        settings: artifact.settings,
        contextOf: () => "",
        onDamaged: () => {},
        onDispose: (snapshot) => renewal.remove(snapshot),
      }, await readVersion(folder, parts));
      renewal.add(snapshot, artifact);
      return { snapshot, folder };
    },
    close: async () => {
      await renewal.close();
      await cells.close();
      await starter.close();
    },
  };
}

const until = async (isTrue: () => boolean | Promise<boolean>) => {
  while (!await isTrue()) await new Promise((resolve) => setTimeout(resolve, 1));
};
const namesIn = async (folder: string) => (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();

for (
  const [why, age] of [
    ["is old", (t) => t.pass(LIMITS.snapshotAgeMs)],
    ["was cloned very often", (_, snapshot) => snapshot.clones = LIMITS.snapshotClones],
    ["is doubted", (_, snapshot) => snapshot.doubt(new Error("a cell says so"))],
  ] satisfies [string, (t: Awaited<ReturnType<typeof setUp>>, snapshot: VmSnapshot) => void][]
) {
  Deno.test(`a snapshot that ${why} is made anew once, and its folder has nothing but the new one`, async () => {
    const t = await setUp();
    const { snapshot, folder } = await t.deployed("f");
    await t.renewal.look();
    assert.deepEqual(t.renewed, []);
    age(t, snapshot);
    const before = snapshot.stored;
    await t.renewal.look();
    await t.renewal.look();
    assert.deepEqual(t.renewed, ["f"]);
    assert.notEqual(snapshot.stored, before);
    assert.equal(await Deno.readTextFile(snapshot.stored.file), "snapshot 2");
    assert.ok(!snapshot.isDoubted && snapshot.clones === 0);
    await until(async () => (await namesIn(folder)).join() === [SNAPSHOT, RECORD].sort().join());
    await t.close();
  });
}

Deno.test("a snapshot that cannot be made anew stays, which is told, and the others are made anew", async () => {
  let refused = 0;
  const t = await setUp(({ operation }) => operation === CellOperation.BOOT && refused-- > 0 ? -1 : 0);
  const [first, second] = [await t.deployed("first"), await t.deployed("second")];
  const { stored } = first.snapshot;
  t.pass(LIMITS.snapshotAgeMs);
  refused = 1;
  await t.renewal.look();
  assert.equal(first.snapshot.stored, stored);
  assert.equal(await Deno.readTextFile(stored.file), "snapshot 1");
  assert.deepEqual(await namesIn(first.folder), [SNAPSHOT, RECORD].sort());
  assert.match(t.troubles.join(), /Cannot renew the snapshot of @acme\/first: .*it cannot/);
  assert.deepEqual(t.renewed, ["second"]);
  assert.ok(await Deno.readTextFile(second.snapshot.stored.file));
  await t.renewal.look();
  assert.deepEqual(t.renewed, ["second", "first"]);
  await t.close();
});

Deno.test("the file that was replaced is there for who came before, as long as they use it", async () => {
  const t = await setUp();
  const { snapshot } = await t.deployed("f");
  const asked = snapshot.run(
    {
      ...{ requestId: "r", method: "GET", url: "http://x/", headers: "", params: null, mount: "", body: null },
      ...{ deadlineMs: Infinity, queueMs: 0, signal: new AbortController().signal },
    },
    { head() {}, chunk() {}, end() {}, log() {} },
    () => {},
  );
  const before = snapshot.stored;
  t.pass(LIMITS.snapshotAgeMs);
  await t.renewal.look();
  assert.equal(await Deno.readTextFile(before.file), "snapshot 1");
  assert.equal(await Deno.readTextFile(snapshot.stored.file), "snapshot 2");
  await until(() => t.processes.some(({ steps }) => steps.length > 0));
  t.processes.find(({ steps }) => steps.length > 0)!.die();
  assert.equal((await asked).code, "crash");
  await until(() => Deno.stat(before.file).then(() => false, () => true));
  await t.close();
});

Deno.test("a function that goes while its snapshot is made anew is no trouble", async () => {
  let onBoot = () => {};
  const t = await setUp(({ operation }) => {
    if (operation !== CellOperation.BOOT) return 0;
    onBoot();
    return 0;
  });
  const { snapshot, folder } = await t.deployed("f");
  t.pass(LIMITS.snapshotAgeMs);
  onBoot = () => {
    snapshot.dispose();
    Deno.removeSync(folder, { recursive: true });
  };
  await t.renewal.look();
  assert.deepEqual([t.troubles, t.renewed], [[], []]);
  await t.close();
});

Deno.test("snapshots are made anew one after the other, however often that is asked for", async () => {
  let [building, most] = [0, 0];
  const t = await setUp(({ operation }) => {
    if (operation === CellOperation.BOOT) most = Math.max(most, ++building);
    if (operation === CellOperation.TAKE) building--;
    return 0;
  });
  for (let i = 0; i < 5; i++) await t.deployed(`f${i}`);
  t.pass(LIMITS.snapshotAgeMs);
  await Promise.all(Array.from({ length: 5 }, () => t.renewal.look()));
  assert.deepEqual(t.renewed, ["f0", "f1", "f2", "f3", "f4"]);
  assert.equal(most, 1);
  await t.close();
});

Deno.test("a server that ends does not wait until all is made anew", async () => {
  let isStuck = false;
  const t = await setUp(({ operation }) => isStuck && operation === CellOperation.BOOT ? null : 0);
  await t.deployed("first");
  await t.deployed("second");
  t.pass(LIMITS.snapshotAgeMs);
  isStuck = true;
  const looked = t.renewal.look();
  await until(() =>
    t.processes.some(({ requests, hasEnded }) => !hasEnded && requests.at(-1)?.operation === CellOperation.BOOT)
  );
  await t.renewal.close();
  await looked;
  assert.deepEqual([t.troubles, t.renewed], [[], []]);
  await t.close();
});

Deno.test("what no version needs any more is removed once in so many looks", async () => {
  const t = await setUp();
  for (let i = 1; i < LOOKS_PER_SWEEP; i++) await t.renewal.look();
  assert.equal(t.sweeps(), 0);
  await t.renewal.look();
  assert.equal(t.sweeps(), 1);
  await t.close();
});
