import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { PlainMirror } from "../../tests/fakes/plain_mirror.ts";
import type { MirrorRow } from "../state/store.ts";
import { Mirror, type MirrorFs, type MirrorOptions } from "./mirror.ts";
import { isVisible } from "./scan.ts";

class Place implements AsyncDisposable {
  readonly root: string;
  readonly folder: string;
  readonly fs = new PlainMirror();

  private constructor(readonly base: string) {
    this.root = join(base, "root");
    this.folder = join(base, "mirror");
  }

  static async make(files: Readonly<Record<string, string>>): Promise<Place> {
    const place = new Place(await Deno.makeTempDir({ prefix: "mayfly-mirror-" }));
    await Deno.mkdir(place.folder);
    await Deno.mkdir(place.root);
    await place.write(files);
    return place;
  }

  mirror(rows: readonly MirrorRow[] = [], fs: MirrorFs = this.fs, more: Partial<MirrorOptions> = {}): Mirror {
    const { root, folder } = this;
    const room = { grow: (bytes: number) => Promise.resolve({ bytes, refusal: "" }) };
    return new Mirror({ tenant: "home", root, folder, fs, rows, room, wanted: isVisible, ...more });
  }

  async write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [path, text] of Object.entries(files)) {
      await Deno.mkdir(dirname(join(this.root, path)), { recursive: true });
      await Deno.writeTextFile(join(this.root, path), text);
    }
  }

  copies(): string[] {
    const found: string[] = [];
    const walk = (below: string) => {
      for (const { name, isDirectory } of Deno.readDirSync(join(this.folder, below))) {
        if (isDirectory) walk(`${below}${name}/`);
        else found.push(`${below}${name}`);
      }
    };
    walk("");
    return found.sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.base, { recursive: true });
  }
}

const all = (changed: ReadonlySet<string>) => [...changed].toSorted();

Deno.test("files are copied once for each change, and known again after a restart", async () => {
  await using place = await Place.make({ "a.ts": "a", "dir/b.ts": "b" });
  const mirror = place.mirror();
  const first = await mirror.look("");
  assert.deepEqual(all(first.changed), ["a.ts", "dir/b.ts"]);
  assert.deepEqual(place.copies(), ["a.ts", "dir/b.ts"]);
  assert.equal(place.fs.copies, 2);
  assert.deepEqual((await mirror.look("")).changed.size, 0);

  const again = place.mirror(first.put);
  const look = await again.look("");
  assert.deepEqual([look.changed.size, look.put.length, place.fs.copies], [0, 0, 2]);
  assert.equal(again.files.get("a.ts")!.hash, mirror.files.get("a.ts")!.hash);
  await place.write({ "a.ts": "changed" });
  assert.deepEqual(all((await again.look("a.ts")).changed), ["a.ts"]);
});

Deno.test("a file that was only touched has not changed, but is in the index anew", async () => {
  await using place = await Place.make({ "a.ts": "a" });
  const mirror = place.mirror();
  await mirror.look("");
  await place.write({ "a.ts": "a" });
  const look = await mirror.look("a.ts");
  assert.deepEqual([look.changed.size, look.reshaped, look.put.length], [0, false, 1]);
});

Deno.test("what is gone is gone from the mirror, with its empty folders", async () => {
  await using place = await Place.make({ "a.ts": "a", "dir/deep/b.ts": "b", "dirt.ts": "c" });
  const mirror = place.mirror();
  await mirror.look("");
  await Deno.remove(join(place.root, "dir"), { recursive: true });
  const look = await mirror.look("dir");
  assert.deepEqual(all(look.changed), ["dir/deep/b.ts"]);
  assert.deepEqual(look.remove, [{ tenant: "home", path: "dir/deep/b.ts" }]);
  assert.deepEqual(place.copies(), ["a.ts", "dirt.ts"]);
  await place.write({ "dir/deep/b.ts": "again" });
  assert.deepEqual(all((await mirror.look("dir")).changed), ["dir/deep/b.ts"]);
});

Deno.test("what went away while the server was down is told", async () => {
  await using place = await Place.make({ "a.ts": "a", "b.ts": "b" });
  const { put } = await place.mirror().look("");
  await Deno.remove(join(place.root, "a.ts"));
  assert.deepEqual(all((await place.mirror(put).look("")).changed), ["a.ts"]);
});

Deno.test("a file may become a folder, and a folder a file", async () => {
  await using place = await Place.make({ "x": "file", "y/z.ts": "z" });
  const mirror = place.mirror();
  await mirror.look("");
  await Deno.remove(join(place.root, "x"));
  await Deno.remove(join(place.root, "y"), { recursive: true });
  await place.write({ "x/z.ts": "z", "y": "file" });
  await mirror.look("");
  assert.deepEqual(place.copies(), ["x/z.ts", "y"]);
  assert.deepEqual([...mirror.files.keys()].toSorted(), ["x/z.ts", "y"]);
});

Deno.test("links and pipes are refused by what they are", async () => {
  await using place = await Place.make({ "a.ts": "a" });
  await Deno.writeTextFile(join(place.base, "secret"), "secret");
  await Deno.mkdir(join(place.base, "out"));
  await Deno.writeTextFile(join(place.base, "out", "s.ts"), "secret");
  await Deno.symlink(join(place.base, "secret"), join(place.root, "link.ts"));
  await Deno.symlink(join(place.base, "out"), join(place.root, "linked"));
  await Deno.link(join(place.base, "secret"), join(place.root, "hard.ts"));
  await new Deno.Command("mkfifo", { args: [join(place.root, "pipe.ts")] }).output();
  const mirror = place.mirror();
  await mirror.look("");
  assert.deepEqual(place.copies(), ["a.ts"]);
  assert.match(mirror.refusal("link.ts")!, /symbolic link/);
  assert.match(mirror.refusal("linked/s.ts")!, /symbolic link/);
  assert.match(mirror.refusal("hard.ts")!, /hard link/);
  assert.match(mirror.refusal("pipe.ts")!, /no plain file/);
  assert.equal(mirror.refusal("missing.ts"), null);

  // An event may name what is behind a link.
  await mirror.look("linked/s.ts");
  assert.deepEqual(place.copies(), ["a.ts"]);
  await Deno.remove(join(place.root, "link.ts"));
  await place.write({ "link.ts": "plain" });
  assert.deepEqual(all((await mirror.look("link.ts")).changed), ["link.ts"]);
  assert.equal(mirror.refusal("link.ts"), null);
});

Deno.test("hidden files and packages of other tools are nobody's business", async () => {
  await using place = await Place.make({
    ".env": "",
    ".git/config": "",
    "node_modules/x/index.js": "",
    "dir/.npmrc": "",
  });
  const mirror = place.mirror();
  await mirror.look("");
  await mirror.look(".git/config");
  await mirror.look("dir/.npmrc");
  assert.deepEqual([mirror.files.size, place.copies()], [0, []]);
});

Deno.test("a file that changes while it is copied is looked at again, and its old copy stays", async () => {
  await using place = await Place.make({ "a.ts": "old" });
  let busy = false;
  const fs: MirrorFs = {
    open: (root) => {
      const source = place.fs.open(root);
      return {
        ...source,
        copy: (...args) => busy ? Promise.reject(Object.assign(new Error(), { code: "EAGAIN" })) : source.copy(...args),
      };
    },
  };
  const mirror = place.mirror([], fs);
  await mirror.look("");
  const { hash } = mirror.files.get("a.ts")!;
  busy = true;
  await place.write({ "a.ts": "newer" });
  const look = await mirror.look("a.ts");
  assert.deepEqual([look.unsettled, look.changed.size, mirror.files.get("a.ts")!.hash], [["a.ts"], 0, hash]);
  busy = false;
  assert.deepEqual(all((await mirror.look("a.ts")).changed), ["a.ts"]);
});

Deno.test("an executable ELF file is a program; a script or a plain file is none", async () => {
  await using place = await Place.make({ "elf": "\x7fELF...", "plain": "\x7fELF...", "script": "#!/bin/sh" });
  for (const name of ["elf", "script"]) await Deno.chmod(join(place.root, name), 0o755);
  const mirror = place.mirror();
  const { put } = await mirror.look("");
  const programs = (of: Mirror) => [...of.files].filter(([, { program }]) => program).map(([path]) => path);
  assert.deepEqual(programs(mirror), ["elf"]);
  const again = place.mirror(put);
  await again.look("");
  assert.deepEqual(programs(again), ["elf"]);
  await Deno.chmod(join(place.root, "plain"), 0o755);
  assert.equal((await again.look("plain")).reshaped, true);
  assert.deepEqual(programs(again).toSorted(), ["elf", "plain"]);
});

Deno.test("a file that is too large is refused by name", async () => {
  await using place = await Place.make({});
  using file = await Deno.open(join(place.root, "big.ts"), { write: true, create: true });
  await file.truncate((64 << 20) + 1);
  const mirror = place.mirror();
  await mirror.look("");
  assert.match(mirror.refusal("big.ts")!, /larger than 64 MB/);
});

/** Room for so many bytes of copies; what was not used is there again. */
function roomOf(mostBytes: number) {
  const room = {
    mirror: null as Mirror | null,
    grow: (bytes: number) => {
      const left = Math.max(0, mostBytes - room.mirror!.bytes);
      return Promise.resolve({ bytes: Math.min(bytes, left), refusal: "there is no room" });
    },
  };
  return room;
}

function mirrorWithin(place: Place, mostBytes: number, more: Partial<MirrorOptions> = {}): Mirror {
  const room = roomOf(mostBytes);
  return room.mirror = place.mirror([], place.fs, { room, ...more });
}

Deno.test("what there is no room for is refused by name before it is copied, and holes count", async () => {
  await using place = await Place.make({ "a.ts": "a", "z.ts": "z" });
  await Deno.writeFile(join(place.root, "holes"), new Uint8Array());
  await Deno.truncate(join(place.root, "holes"), 60 << 20);
  const mirror = mirrorWithin(place, 16384);
  const { reshaped } = await mirror.look("");
  assert.deepEqual([place.fs.copies, place.copies(), reshaped], [2, ["a.ts", "z.ts"], true]);
  assert.equal(mirror.refusal("holes"), "there is no room");
  assert.deepEqual([[...mirror.short], mirror.bytes], [["holes"], 8192]);
  const again = await mirror.look("");
  assert.deepEqual([again.changed.size, again.reshaped, place.fs.copies], [0, false, 2]);
  await Deno.truncate(join(place.root, "holes"), 1);
  assert.deepEqual(all((await mirror.look("holes")).changed), ["holes"]);
  assert.deepEqual([[...mirror.short], place.copies()], [[], ["a.ts", "holes", "z.ts"]]);
});

Deno.test("a file that grows beyond the room goes, and what says how much there is always comes", async () => {
  await using place = await Place.make({ "a.ts": "a", "mayfly.json": "{}" });
  const mirror = mirrorWithin(place, 8192, { needed: "mayfly.json" });
  await mirror.look("");
  assert.deepEqual(place.copies(), ["a.ts", "mayfly.json"]);
  await place.write({ "a.ts": "a".repeat(5000), "mayfly.json": " ".repeat(5000) });
  const { changed, remove } = await mirror.look("");
  assert.deepEqual(all(changed), ["a.ts", "mayfly.json"]);
  assert.deepEqual(remove.map(({ path }) => path), ["a.ts"]);
  assert.deepEqual(place.copies(), ["mayfly.json"]);
});

Deno.test("many files without anything in them need room too", async () => {
  await using place = await Place.make(Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`${at}.txt`, ""])));
  const mirror = mirrorWithin(place, 10 * 4096);
  await mirror.look("");
  assert.deepEqual([place.copies().length, mirror.short.size], [10, 10]);
});

Deno.test("a file that grew since it was let in is looked at again, and one that went away leaves no copy", async () => {
  await using place = await Place.make({ "a.ts": "a", "b.ts": "b" });
  let meanwhile = async () => {};
  const fs: MirrorFs = {
    open: (root) => {
      const source = place.fs.open(root);
      return { ...source, copy: async (...args) => (await meanwhile(), await source.copy(...args)) };
    },
  };
  const mirror = place.mirror([], fs);
  await mirror.look("");
  meanwhile = () => place.write({ "a.ts": "a".repeat(100) });
  await place.write({ "a.ts": "aa" });
  assert.deepEqual((await mirror.look("a.ts")).unsettled, ["a.ts"]);
  meanwhile = () => Deno.remove(join(place.root, "b.ts"));
  await mirror.look("b.ts");
  assert.deepEqual(place.copies(), ["a.ts"]);
});
