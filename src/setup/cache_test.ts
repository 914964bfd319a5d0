import assert from "node:assert/strict";
import { join } from "node:path";
import { Cache, type Recipe } from "./cache.ts";
import { sha256 } from "./hash.ts";

const CACHE_MODULE = new URL("cache.ts", import.meta.url).href;

async function withCache(work: (cache: Cache, lines: string[]) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  const lines: string[] = [];
  try {
    await work(new Cache(dir, (line) => lines.push(line)), lines);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** Makes a folder with one file, and counts how often. */
function counted(text: string, more: Partial<Recipe> = {}): Recipe & { made: number } {
  const recipe = {
    name: "thing",
    key: "1",
    made: 0,
    async make(folder: string) {
      recipe.made++;
      await Deno.mkdir(join(folder, "below"));
      await Deno.writeTextFile(join(folder, "below/file"), text);
    },
    ...more,
  };
  return recipe;
}

async function namesIn(dir: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(dir))).map((entry) => entry.name).sort();
}

Deno.test("a folder is made once, and found after that", () =>
  withCache(async (cache) => {
    const recipe = counted("text");
    const folder = await cache.folder(recipe);
    assert.equal(await cache.folder(recipe), folder);
    assert.equal(recipe.made, 1);
    assert.equal(await Deno.readTextFile(join(folder, "below/file")), "text");
  }));

Deno.test("another key is another folder", () =>
  withCache(async (cache) => {
    await cache.folder(counted("text"));
    const other = counted("text", { key: "2" });
    await cache.folder(other);
    assert.equal(other.made, 1);
  }));

const DAMAGES: Record<string, (folder: string) => Promise<void>> = {
  "changed in one byte": (folder) => Deno.writeTextFile(join(folder, "below/file"), "tezt"),
  "cut short": (folder) => Deno.truncate(join(folder, "below/file"), 1),
  "lost": (folder) => Deno.remove(join(folder, "below/file")),
  "joined by another": (folder) => Deno.writeTextFile(join(folder, "below/stranger"), ""),
  "replaced by a link": async (folder) => {
    await Deno.rename(join(folder, "below/file"), join(folder, "..", "elsewhere"));
    await Deno.symlink(join(folder, "..", "elsewhere"), join(folder, "below/file"));
  },
  "left without its manifest": (folder) => Deno.remove(join(folder, "manifest")),
};

for (const [damage, harm] of Object.entries(DAMAGES)) {
  Deno.test(`a cached file that was ${damage} is noticed, and its folder made again`, () =>
    withCache(async (cache, lines) => {
      const recipe = counted("text");
      await harm(await cache.folder(recipe));
      const folder = await cache.folder(recipe);
      assert.equal(recipe.made, 2);
      assert.equal(await Deno.readTextFile(join(folder, "below/file")), "text");
      assert.deepEqual(lines, ["The cached thing is damaged: making it again"]);
      assert.deepEqual(await namesIn(join(folder, "below")), ["file"]);
    }));
}

Deno.test("a folder without the pinned hash is refused, made or found", () =>
  withCache(async (cache) => {
    const manifestSha256 = sha256(`${sha256("text")}  below/file\n`);
    await cache.folder(counted("text", { manifestSha256 }));

    const tampered = counted("other", { key: "2" });
    await cache.folder(tampered);
    await assert.rejects(cache.folder({ ...tampered, manifestSha256 }), /not the pinned one/);
    assert.equal(tampered.made, 2);
  }));

Deno.test("a folder whose making failed is not there", () =>
  withCache(async (cache) => {
    const failing = counted("", {
      make: async (folder) => {
        await Deno.writeTextFile(join(folder, "half"), "");
        throw new Error("half-way");
      },
    });
    await assert.rejects(cache.folder(failing), /half-way/);
    assert.deepEqual(await namesIn(cache.dir), ["lock"]);
  }));

Deno.test("a recipe may need other folders of the cache", () =>
  withCache(async (cache) => {
    const outer = counted("", {
      name: "outer",
      make: async (folder) => {
        const inner = await cache.folder(counted("text", { name: "inner" }));
        await Deno.copyFile(join(inner, "below/file"), join(folder, "copy"));
      },
    });
    assert.equal(await Deno.readTextFile(join(await cache.folder(outer), "copy")), "text");
  }));

Deno.test("a newer folder puts out those that are older than a month", () =>
  withCache(async (cache) => {
    const old = await cache.folder(counted("text", { key: "old" }));
    await cache.folder(counted("text", { key: "recent" }));
    const longAgo = new Date(Date.now() - 31 * 24 * 60 * 60 * 1000);
    await Deno.utime(old, longAgo, longAgo);
    await cache.folder(counted("text", { key: "new" }));
    assert.deepEqual(await namesIn(cache.dir), ["lock", "thing-new", "thing-recent"]);
  }));

/** Another process that makes the folder `thing-1`: it says "making", and waits for its standard input to close. */
function anotherStart(dir: string) {
  const program = `
    import { Cache } from ${JSON.stringify(CACHE_MODULE)};
    const cache = new Cache(${JSON.stringify(dir)}, console.log);
    await cache.folder({ name: "thing", key: "1", async make(folder) {
      await Deno.writeTextFile(folder + "/file", "theirs");
      console.log("making");
      await Deno.stdin.read(new Uint8Array(1));
    }});
    console.log("ready");`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--ext=ts", program],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let printed = "";
  return {
    child,
    async untilItSays(word: string): Promise<void> {
      while (!printed.includes(word)) {
        const { value, done } = await output.read();
        if (done) throw new Error(`the other start ended without "${word}": ${printed}`);
        printed += value;
      }
    },
    async goOn(): Promise<void> {
      await child.stdin.close();
      while (!(await output.read()).done);
      await child.status;
    },
  };
}

Deno.test("a start that comes while another sets up waits for it, says so once, and uses what it made", () =>
  withCache(async (cache, lines) => {
    const other = anotherStart(cache.dir);
    await other.untilItSays("making");
    const mine = counted("mine");
    const { promise: isWaiting, resolve: waits } = Promise.withResolvers<void>();
    const waiting = new Cache(cache.dir, (line) => {
      lines.push(line);
      waits();
    });
    const found = Promise.all([waiting.folder(mine), waiting.folder(mine)]);
    await isWaiting;
    await other.goOn();
    const [folder] = await found;
    assert.equal(mine.made, 0);
    assert.equal(await Deno.readTextFile(join(folder, "file")), "theirs");
    assert.deepEqual(lines, ["Waiting for another start to finish setting up"]);
  }));

Deno.test("a start that was killed half-way leaves nothing that is used, and nobody waiting", () =>
  withCache(async (cache, lines) => {
    const other = anotherStart(cache.dir);
    await other.untilItSays("making");
    other.child.kill("SIGKILL");
    await other.goOn();
    assert.equal((await namesIn(cache.dir)).length, 2);

    const folder = await cache.folder(counted("mine"));
    assert.equal(await Deno.readTextFile(join(folder, "below/file")), "mine");
    assert.deepEqual(await namesIn(cache.dir), ["lock", "thing-1"]);
    assert.deepEqual(lines, []);
  }));
