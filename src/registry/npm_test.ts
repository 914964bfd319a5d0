import assert from "node:assert/strict";
import { join } from "node:path";
import { until } from "../../tests/harness/until.ts";
import { NO_PACKAGES, Npm, NpmError } from "./npm.ts";

const { signal } = new AbortController();
const MOST_BYTES = 1 << 20;
const MOST = { timeoutMs: 600_000, mostBytes: MOST_BYTES, toldAfterMs: 600_000 };
const quiet = () => {};

/** A program in the place of Deno that writes down how it was called, and answers what it is told to. */
async function npm(
  answer: { stdout?: string; stderr?: string; code?: number; first?: string },
  options: { toldAfterMs?: number } = {},
) {
  const folder = await Deno.makeTempDir({ prefix: "mayfly-npm-" });
  const deno = join(folder, "deno");
  await Deno.writeTextFile(join(folder, "out"), answer.stdout ?? "");
  await Deno.writeTextFile(join(folder, "err"), answer.stderr ?? "");
  await Deno.writeTextFile(
    deno,
    `#!/bin/sh\n(echo "$@"; pwd; cat imports.ts; env; ls) >> ${folder}/calls\n${
      answer.first ?? ""
    }\ncat ${folder}/out\ncat ${folder}/err >&2\nexit ${answer.code ?? 0}\n`,
  );
  await Deno.chmod(deno, 0o755);
  const env = { PATH: Deno.env.get("PATH")!, SECRET: "of the server", NPM_CONFIG_REGISTRY: "the-registry" };
  return {
    npm: new Npm({ deno, env, folder: join(folder, "tenants"), ...MOST, ...options }),
    folder,
    calls: () => Deno.readTextFile(join(folder, "calls")),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

const FOUND = JSON.stringify({
  modules: [{ specifier: "file:///imports.ts", dependencies: [{ specifier: "npm:a@1/sub", npmPackage: "a@1.2.3" }] }],
  npmPackages: {
    "a@1.2.3": { name: "a", localPath: "/cache/a/1.2.3", dependencies: ["b@2.0.0"] },
    "b@2.0.0": { name: "b", localPath: "/cache/b/2.0.0", dependencies: [] },
  },
});

Deno.test("specifiers are found with the packages behind them, once", async () => {
  await using t = await npm({ stdout: FOUND });
  const table = await t.npm.resolve("home", ["npm:a@1/sub"], null, signal, quiet);
  assert.deepEqual(table, {
    specifiers: { "npm:a@1/sub": "a@1.2.3" },
    packages: {
      "a@1.2.3": { name: "a", folder: "/cache/a/1.2.3", dependencies: ["b@2.0.0"] },
      "b@2.0.0": { name: "b", folder: "/cache/b/2.0.0", dependencies: [] },
    },
  });
  assert.equal(await t.npm.resolve("home", ["npm:a@1/sub"], null, signal, quiet), table);
  assert.equal((await t.calls()).match(/--json/g)!.length, 1);
});

Deno.test("a tenant that is forgotten has nothing left, and is asked for again", async () => {
  await using t = await npm({ stdout: FOUND });
  for (const tenant of ["acme", "other"]) await t.npm.resolve(tenant, ["npm:a@1/sub"], null, signal, quiet);
  await t.npm.forget("acme");
  const tenants = await Array.fromAsync(Deno.readDir(join(t.folder, "tenants")));
  assert.deepEqual(tenants.map(({ name }) => name), ["other"]);
  for (const tenant of ["acme", "other"]) await t.npm.resolve(tenant, ["npm:a@1/sub"], null, signal, quiet);
  assert.equal((await t.calls()).match(/--json/g)!.length, 3);
});

Deno.test("the client sees the specifiers, the registry and the lock, and nothing of the server's", async () => {
  await using t = await npm({ stdout: FOUND });
  const lock = { file: join(t.folder, "deno.lock"), hash: "0123" };
  await Deno.writeTextFile(lock.file, "{}");
  await t.npm.resolve("acme", ["npm:a@1/sub"], lock, signal, quiet);
  const calls = await t.calls();
  assert.match(calls, /--no-remote/);
  assert.match(calls, /--lock=0123\.lock/);
  assert.match(calls, /\n0123\.lock\n/);
  assert.match(calls, /import "npm:a@1\/sub";/);
  assert.match(calls, /NPM_CONFIG_REGISTRY=the-registry/);
  assert.match(calls, /DENO_DIR=.*\/tenants\/acme\n/);
  assert.doesNotMatch(calls, /of the server/);
});

Deno.test("a package that is not found is told by its specifier, in the client's words", async () => {
  await using t = await npm({
    code: 1,
    stderr: "error: npm package 'nope' does not exist.\n    at file:///x/imports.ts:1:8",
  });
  await assert.rejects(
    t.npm.resolve("home", ["npm:a@1/sub", "npm:nope@1"], null, signal, quiet),
    (error) =>
      error instanceof NpmError && error.message === "Cannot import npm:nope@1: npm package 'nope' does not exist.",
  );
  await t.npm.resolve("home", ["npm:a@1/sub", "npm:nope@1"], null, signal, quiet).catch(() => {});
  assert.equal((await t.calls()).match(/--json/g)!.length, 2, "a failure is not kept");
});

Deno.test("packages that come for long are told of once, others not", async () => {
  const told: string[] = [];
  const specifiers = ["npm:a@1/sub", ...["b", "c", "d", "e", "f"].map((name) => `npm:${name}`)];
  const found = JSON.parse(FOUND);
  found.modules[0].dependencies = specifiers.map((specifier) => ({ specifier, npmPackage: "a@1.2.3" }));
  const waits = 'until [ -e "$DENO_DIR/go" ]; do sleep 0.01; done';
  await using slow = await npm({ stdout: JSON.stringify(found), first: waits }, { toldAfterMs: 0 });
  const resolved = slow.npm.resolve("home", specifiers, null, signal, (what) => told.push(what));
  await until("it is told", () => told.length > 0);
  await Deno.writeTextFile(join(slow.folder, "tenants", "home", "go"), "");
  await resolved;
  await slow.npm.resolve("home", specifiers, null, signal, (what) => told.push(what));
  assert.deepEqual(told, ["Installing a@1/sub, b, c, d, e, 1 more"]);
  await using fast = await npm({ stdout: FOUND });
  await fast.npm.resolve("home", ["npm:a@1/sub"], null, signal, (what) => told.push(what));
  assert.equal(told.length, 1);
});

Deno.test("what a tenant keeps of packages goes where others have no room beside it", async () => {
  const grows = 'head -c 600000 /dev/zero > "$DENO_DIR/npm/$(ls "$DENO_DIR/npm" | wc -l)"';
  await using t = await npm({ stdout: FOUND, first: grows });
  const kept = async () => (await Array.fromAsync(Deno.readDir(t.npm.packages("acme")))).length;
  const first = await t.npm.resolve("acme", ["npm:a@1/sub"], null, signal, quiet);
  assert.ok(t.npm.isKept("acme", first) && t.npm.isKept("acme", NO_PACKAGES));
  const lock = { file: join(t.folder, "deno.lock"), hash: "0123" };
  await Deno.writeTextFile(lock.file, "{}");
  const second = await t.npm.resolve("acme", ["npm:a@1/sub"], lock, signal, quiet);
  assert.deepEqual([first, second].map((table) => t.npm.isKept("acme", table)), [false, true]);
  assert.equal(await kept(), 1);
  assert.equal((await t.calls()).match(/--json/g)!.length, 3);
  await t.npm.resolve("acme", ["npm:a@1/sub"], lock, signal, quiet);
  assert.equal((await t.calls()).match(/--json/g)!.length, 3);
});

Deno.test("packages that take more than a tenant's may are refused, and nothing of them is kept", async () => {
  await using t = await npm({ stdout: FOUND, first: 'head -c 2000000 /dev/zero > "$DENO_DIR/npm/large"' });
  await assert.rejects(
    t.npm.resolve("acme", ["npm:a@1/sub"], null, signal, quiet),
    new NpmError(["npm:a@1/sub"], "with what they depend on they take more than 1 MB"),
  );
  await assert.rejects(Deno.stat(t.npm.packages("acme")), Deno.errors.NotFound);
});

Deno.test("a build that ends takes the client with it, and no other build's answer", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mayfly-npm-" });
  const [deno, calls, answer] = ["deno", "calls", "answer"].map((name) => join(folder, name));
  await Deno.writeTextFile(answer, FOUND);
  const waitsFirst = `echo called >> ${calls}\n[ $(wc -l < ${calls}) -gt 1 ] || exec sleep 600\ncat ${answer}`;
  await Deno.writeTextFile(deno, `#!/bin/sh\n${waitsFirst}\n`);
  await Deno.chmod(deno, 0o755);
  const npm = new Npm({ deno, env: { PATH: Deno.env.get("PATH")! }, folder: join(folder, "t"), ...MOST });
  const ends = new AbortController();
  const first = npm.resolve("home", ["npm:a@1/sub"], null, ends.signal, quiet);
  const second = npm.resolve("home", ["npm:a@1/sub"], null, signal, quiet);
  await until("the client is called", () => Deno.stat(calls).catch(() => null));
  ends.abort(new Error("the server ends"));
  await assert.rejects(first, /the server ends/);
  assert.equal((await second).specifiers["npm:a@1/sub"], "a@1.2.3");
  await Deno.remove(folder, { recursive: true });
});
