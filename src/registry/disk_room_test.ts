import assert from "node:assert/strict";
import { join } from "node:path";
import { RegistryHarness } from "../../tests/fakes/registry_harness.ts";
import { systemClock } from "../clock.ts";
import { MiB } from "../limits.ts";
import { DiskRoom } from "./disk_room.ts";
import type { SpareVersion } from "../state/store.ts";
import { VersionFolders } from "./version_folders.ts";

/** Its version has some more than that, half of it the bundle, half of it the snapshot. */
const large = (mb: number, salt: string) => `export default () => "${salt.repeat(mb * 1024 * 1024 / 2)}";\n`;

const versionsOf = async (h: RegistryHarness, name: string) =>
  (await h.registry.versions({ tenant: "home", name })).length;

Deno.test("a version that does not fit its tenant's diskMb is refused with the sum, and the old one serves on", async () => {
  await using h = await RegistryHarness.start({
    "mayfly.json": `{ "tenants": { "*": { "diskMb": 5 } } }`,
    "a.ts": large(2, "a"),
    "b.ts": `export default () => "small";\n`,
  });
  await h.drop({ "b.ts": large(2, "b") });
  await h.fails(
    "b",
    /^b\.ts: Cannot keep it: the files and versions of the functions outside .* take [67] MB together, and diskMb is 5$/,
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
    "mayfly.json": `{ "server": { "dataMb": 8 } }`,
    "a.ts": large(2, "a"),
  });
  await h.drop({ "a.ts": `export default () => "small";\n` });
  await h.serves("a", "small");
  await h.drop({ "b.ts": large(4, "b") });
  await h.serves("b", "bbb");
  assert.equal(await versionsOf(h, "a"), 1);
  await h.drop({ "c.ts": large(2, "c") });
  await h.fails("c", /the data folder would take \d+ MB, and the server's dataMb is 8; `mayfly doctor` shows/);
});

Deno.test("packages that a tenant's versions share count once against its diskMb", async () => {
  const data = await Deno.makeTempDir({ prefix: "mayfly-room-" });
  try {
    const folders = new VersionFolders(join(data, "versions"));
    await folders.sweep();
    const none = { spareVersions: () => Promise.resolve([]), removeVersions: () => Promise.resolve() };
    const room = new DiskRoom({
      clock: systemClock,
      data,
      store: none,
      folders,
      tenants: () => ["acme"],
      mirrorBytesOf: () => 0,
      diskMbOf: () => 3,
      dataMb: () => 6,
    });
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
    await assert.rejects(
      () => admit("f", 1 * MiB),
      /the files and versions of @acme would take 4 MB together, and diskMb is 3/,
    );
    for (const id of versions) await folders.remove(id, "v1");
    await admit("g", 900 * 1024);
    await assert.rejects(() => admit("h", 900 * 1024), /diskMb is 3/);
  } finally {
    await Deno.remove(data, { recursive: true });
  }
});

interface Part {
  readonly diskMb: number;
  /** Of its versions, which are all spare; the oldest comes first. */
  readonly versionsMb?: readonly number[];
  readonly mirrorMb?: number;
}

/** A data folder that tenants have their parts of. */
class Disk implements AsyncDisposable {
  readonly mirrorMb = new Map<string, number>();
  #spare: SpareVersion[] = [];

  private constructor(
    readonly data: string,
    readonly folders: VersionFolders,
    readonly parts: Readonly<Record<string, Part>>,
    readonly dataMb: number,
  ) {}

  static async make(parts: Readonly<Record<string, Part>>, dataMb: number): Promise<Disk> {
    const data = await Deno.makeTempDir({ prefix: "mayfly-room-" });
    const disk = new Disk(data, new VersionFolders(join(data, "versions")), parts, dataMb);
    await disk.folders.sweep();
    for (const [tenant, { versionsMb = [], mirrorMb = 0 }] of Object.entries(parts)) {
      disk.mirrorMb.set(tenant, mirrorMb);
      await Deno.mkdir(join(data, "mirror", tenant), { recursive: true });
      await Deno.writeFile(join(data, "mirror", tenant, "files"), new Uint8Array(mirrorMb * MiB).fill(1));
      for (const [at, mb] of versionsMb.entries()) {
        const version = { tenant, name: "f", version: `v${at}` };
        await (await disk.#draft(mb)).commit(version, version.version);
        disk.#spare.push(version);
      }
    }
    return disk;
  }

  readonly room = (): DiskRoom =>
    new DiskRoom({
      clock: systemClock,
      data: this.data,
      store: {
        spareVersions: (tenant) => Promise.resolve(this.#spare.filter((row) => row.tenant === tenant)),
        removeVersions: ({ tenant }, [version]) => {
          this.#spare = this.#spare.filter((row) => row.tenant !== tenant || row.version !== version);
          return Promise.resolve();
        },
      },
      folders: this.folders,
      tenants: () => Object.keys(this.parts),
      mirrorBytesOf: (tenant) => this.mirrorMb.get(tenant)! * MiB,
      diskMbOf: (tenant) => this.parts[tenant].diskMb,
      dataMb: () => this.dataMb,
    });

  versionsOf(wanted: string): string[] {
    return this.#spare.filter(({ tenant }) => tenant === wanted).map(({ version }) => version);
  }

  async admit(room: DiskRoom, tenant: string, mb: number): Promise<void> {
    const draft = await this.#draft(mb);
    const id = { tenant, name: "new" };
    try {
      await room.admit(id, draft.folder, () => draft.commit(id, "v"));
    } finally {
      await draft.discard();
    }
  }

  async #draft(mb: number) {
    const draft = await this.folders.draft();
    // A little less: what describes it needs room too.
    await Deno.writeFile(join(draft.folder, "snapshot.bin"), new Uint8Array(mb * MiB - 64 * 1024).fill(1));
    return draft;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.data, { recursive: true });
  }
}

Deno.test("a tenant within its part keeps its versions, whatever others need", async () => {
  await using disk = await Disk.make({ greedy: { diskMb: 20 }, modest: { diskMb: 20, versionsMb: [3, 3] } }, 8);
  const room = disk.room();
  await assert.rejects(
    () => disk.admit(room, "greedy", 4),
    /^BuildError: Cannot keep it: the data folder would take \d+ MB, and the server's dataMb is 8; `mayfly doctor`/,
  );
  assert.equal((await room.growMirror("greedy", 4 * MiB)).bytes < 3 * MiB, true);
  assert.deepEqual(disk.versionsOf("modest"), ["v0", "v1"]);
});

Deno.test("a tenant's own versions make room first, then those of tenants that have more than their part", async () => {
  const modest = { diskMb: 20, versionsMb: [1, 1] };
  const over = { diskMb: 3, versionsMb: [2, 2, 2] };
  await using disk = await Disk.make({ modest, over, mine: { diskMb: 20, versionsMb: [2] } }, 11);
  const room = disk.room();
  await disk.admit(room, "mine", 3);
  assert.deepEqual([disk.versionsOf("mine"), disk.versionsOf("over").length], [[], 3]);
  await disk.admit(room, "mine", 3);
  assert.deepEqual([disk.versionsOf("over"), disk.versionsOf("modest")], [["v2"], ["v0", "v1"]]);
});

Deno.test("what a tenant's files take is taken from its diskMb, and their growth from what is left of it", async () => {
  await using disk = await Disk.make({ acme: { diskMb: 5, mirrorMb: 3, versionsMb: [1] } }, 100);
  const room = disk.room();
  await assert.rejects(
    () => disk.admit(room, "acme", 3),
    /the files and versions of @acme would take 6 MB together, and diskMb is 5$/,
  );
  await disk.admit(room, "acme", 1);
  const { bytes, refusal } = await room.growMirror("acme", 2 * MiB);
  assert.ok(bytes >= MiB && bytes < 1.5 * MiB);
  assert.equal(refusal, "the files and versions of @acme would take more than diskMb 5");
});

Deno.test("no version goes for files that are more than the tenant's diskMb alone", async () => {
  await using disk = await Disk.make({ acme: { diskMb: 5, mirrorMb: 5, versionsMb: [1] } }, 100);
  assert.equal((await disk.room().growMirror("acme", 300 * MiB)).bytes, 0);
  assert.deepEqual(disk.versionsOf("acme"), ["v0"]);
});
