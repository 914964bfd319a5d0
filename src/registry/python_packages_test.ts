import assert from "node:assert/strict";
import { join } from "node:path";
import { MiB } from "../limits.ts";
import type { PipChild } from "./pip.ts";
import { PythonPackages } from "./python_packages.ts";
import type { Requirement } from "./requirements.ts";
import { RequirementError } from "./requirements.ts";

const IMAGE_BYTES = 100_000;
const signal = new AbortController().signal;
const onProgress = () => {};
const PARTS = {
  pack: (to: string) => Deno.writeTextFile(to, ""),
  pythonOf: () => Promise.resolve("3"),
  mostBytes: 200 * MiB,
};

async function withPackages(
  test: (packages: PythonPackages, asked: Requirement[][], folder: string) => Promise<void>,
  mostBytes = 10 * IMAGE_BYTES,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "mayfly-python-" });
  const asked: Requirement[][] = [];
  const pip = {
    async download(requirements: readonly Requirement[], to: string) {
      asked.push([...requirements]);
      if (requirements[0].name === "missing") {
        throw new RequirementError("Cannot install missing", requirements[0].line);
      }
      for (const { name, version } of requirements) {
        await Deno.writeTextFile(join(to, `${name}-${version}-py3-none-any.whl`), name);
      }
    },
    async unpack(wheels: readonly string[], to: string) {
      await Deno.mkdir(to);
      for (const [at, wheel] of wheels.entries()) await Deno.copyFile(wheel, join(to, `${at}`));
    },
  };
  const pack = (to: string, sources: readonly { host: string; path: string }[]) =>
    Deno.writeTextFile(to, sources.map(({ path }) => path).join().padEnd(IMAGE_BYTES));
  try {
    await test(
      new PythonPackages({ pip, folder, pack, pythonOf: () => Promise.resolve("3"), mostBytes }),
      asked,
      folder,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("what is required is installed once for each tenant, and recorded with its hashes", () =>
  withPackages(async (packages, asked, folder) => {
    const installs = ["one==1.0 # first", "one==1.0"].map((text) => packages.install("acme", text, signal, onProgress));
    const [first, second] = await Promise.all(installs);
    assert.equal(asked.length, 1);
    assert.deepEqual(first, second);
    assert.match(first.packages.join(), /^one==1\.0 sha256:[0-9a-f]{64}$/);
    assert.equal((await Deno.readTextFile(first.image!)).trimEnd(), "/packages");
    const other = await packages.install("other", "one==1.0", signal, onProgress);
    assert.equal(asked.length, 2);
    assert.ok(first.image!.startsWith(join(folder, "acme")) && other.image!.startsWith(join(folder, "other")));
  }));

Deno.test("whoever waits for an installation is told what is installed, and nothing where it is there already", () =>
  withPackages(async (packages) => {
    const told: string[] = [];
    const install = (text: string) => packages.install("acme", text, signal, (what) => told.push(what));
    await install("one==1\nTwo==2\n");
    await install("one==1\nTwo==2\n");
    await install(["a", "b", "c", "d", "e", "f", "g"].map((name) => `${name}==1`).join("\n"));
    assert.deepEqual(told, ["Installing one, two", "Installing a, b, c, d, e, 2 more"]);
  }));

Deno.test("an installation that failed leaves nothing, and is tried again", () =>
  withPackages(async (packages, asked, folder) => {
    for (let times = 1; times <= 2; times++) {
      await assert.rejects(
        packages.install("acme", "\nmissing==1", signal, onProgress),
        (error) => (error as RequirementError).line === 2,
      );
      assert.equal(asked.length, times);
    }
    assert.deepEqual(await Array.fromAsync(Deno.readDir(join(folder, "acme"))), []);
  }));

Deno.test("packages that are too large are refused", () =>
  withPackages(async (packages) => {
    await assert.rejects(packages.install("acme", "large==1", signal, onProgress), /more than/);
  }, 2));

Deno.test("a build that ends takes its installation with it, and the next one installs", () =>
  withPackages(async (_, __, folder) => {
    const begun = Promise.withResolvers<void>();
    let asked = 0;
    const pip = {
      async download(_: readonly Requirement[], to: string, { signal }: PipChild) {
        await Deno.writeTextFile(join(to, "a-1-py3-none-any.whl"), "");
        if (++asked > 1) return;
        begun.resolve();
        await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      },
      unpack: (_: readonly string[], to: string) => Deno.mkdir(to),
    };
    const packages = new PythonPackages({ ...PARTS, pip, folder });
    const ends = new AbortController();
    const first = packages.install("acme", "a==1", ends.signal, onProgress);
    const second = packages.install("acme", "a==1", signal, onProgress);
    await begun.promise;
    ends.abort(new Error("the server ends"));
    await assert.rejects(first, /the server ends/);
    assert.match((await second).packages.join(), /^a==1 sha256:/);
    assert.equal(asked, 2);
  }));

Deno.test("wheels are never in memory as a whole", () =>
  withPackages(async (_, __, folder) => {
    const pip = {
      async download(_: readonly Requirement[], to: string) {
        for (const name of ["a-1.whl", "b-1.whl", "c-1.whl"]) {
          using wheel = await Deno.create(join(to, name));
          await wheel.truncate(64 * MiB);
        }
      },
      unpack: (_: readonly string[], to: string) => Deno.mkdir(to),
    };
    const packages = new PythonPackages({ ...PARTS, pip, folder });
    const before = Deno.memoryUsage().rss;
    let most = before;
    const watch = setInterval(() => most = Math.max(most, Deno.memoryUsage().rss), 1);
    await packages.install("acme", "a==1", signal, onProgress).finally(() => clearInterval(watch));
    assert.ok(most - before < 100 * MiB, `${most - before} bytes`);
  }));

Deno.test("what pip keeps for later downloads is bounded", () =>
  withPackages(async (_, __, folder) => {
    let found = 0;
    const pip = {
      async download(_: readonly Requirement[], to: string, { cache }: PipChild & { cache: string }) {
        await Deno.writeTextFile(join(to, "a-1-py3-none-any.whl"), "");
        found = await Array.fromAsync(Deno.readDir(cache)).then(({ length }) => length, () => 0);
        await Deno.mkdir(cache, { recursive: true });
        await Deno.writeFile(join(cache, `${found}`), new Uint8Array(96 * 1024).fill(1));
      },
      unpack: (_: readonly string[], to: string) => Deno.mkdir(to),
    };
    const packages = new PythonPackages({ ...PARTS, pip, folder, mostBytes: 200 * 1024 });
    const seen: number[] = [];
    for (let version = 1; version <= 4; version++) {
      await packages.install("acme", `a==${version}`, signal, onProgress);
      seen.push(found);
    }
    assert.deepEqual(seen, [0, 1, 2, 0]);
  }));

Deno.test("a tenant that is forgotten has nothing left, and may come again", () =>
  withPackages(async (packages, asked, folder) => {
    await packages.install("acme", "one==1", signal, onProgress);
    await packages.forget("acme");
    await assert.rejects(() => Deno.stat(join(folder, "acme")), Deno.errors.NotFound);
    await packages.install("acme", "one==1", signal, onProgress);
    assert.equal(asked.length, 2);
  }));

Deno.test("installations that nobody asked for lately go", () =>
  withPackages(async (packages, _, folder) => {
    for (let version = 1; version <= 12; version++) {
      await packages.install("acme", `one==${version}`, signal, onProgress);
    }
    assert.equal((await Array.fromAsync(Deno.readDir(join(folder, "acme")))).length, 8);
  }));

Deno.test("installations are kept as long as there is room for them together", () =>
  withPackages(async (packages, _, folder) => {
    for (let version = 1; version <= 6; version++) {
      await packages.install("acme", `one==${version}`, signal, onProgress);
    }
    assert.equal((await Array.fromAsync(Deno.readDir(join(folder, "acme")))).length, 3);
  }, 3 * IMAGE_BYTES));

Deno.test("nothing is asked for where nothing is required", () =>
  withPackages(async (packages, asked) => {
    assert.deepEqual(await packages.install("acme", "# nothing\n", signal, onProgress), { image: null, packages: [] });
    assert.equal(asked.length, 0);
  }));
