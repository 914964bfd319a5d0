import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Cache } from "../src/setup/cache.ts";
import { cacheDirOf, openCacheDir } from "../src/setup/cache_dir.ts";
import type { Compiler } from "../src/setup/compiler.ts";
import { keyOf } from "../src/setup/hash.ts";
import { runTool } from "../src/setup/tool.ts";
import { compileAll, engineFiles, VM_FLAGS, VM_SOURCES } from "../src/setup/vm_engine.ts";
import { WITHOUT_KVM as ignore } from "./harness/vm.ts";
import { hasSanitizers, runUnit, vmUnits } from "./harness/vm_units.ts";

/**
 * Guests written to get out of a microVM, or to leave something behind for the next request: each attack of tests/attacks
 * ends in time, and the VM is its snapshot to the byte afterwards. The engine runs under sanitizers.
 */

const SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
const GUEST = fileURLToPath(new URL("attacks", import.meta.url));
const GUEST_FLAGS = [
  "-O1",
  "-static",
  "-std=gnu17",
  "-D_GNU_SOURCE",
  "-Wall",
  "-Wno-unused-result",
  "-fno-stack-protector",
];
const CORPUS = join(VM_SOURCES, "test", "corpus", "seeds");

const env = Deno.env.toObject();
const cc: Compiler = { command: ["cc"], env };
const sanitizers = await hasSanitizers() ? SANITIZERS : [];

if (ignore) Deno.test({ name: "attacks on the microVM engine: there is no KVM", ignore, fn: () => {} });
else await attackAll();

async function attackAll(): Promise<void> {
  const { attack, guest } = await programs();
  const { stdout } = await new Deno.Command(guest, { args: ["--list"] }).output();
  const attacks = new TextDecoder().decode(stdout).trim().split("\n");
  const results = await runUnit(attack, [guest, ...attacks]);
  for (const [name, why] of results) Deno.test(`contained: ${name}`, () => assert.equal(why, null));
  Deno.test("all attacks were tried", () => {
    const tried = new Set([...results.keys()].map((name) => name.split(" ")[0]));
    assert.deepEqual(attacks.filter((name) => !tried.has(name)), []);
  });
}

/** The guest, and the program that attacks the engine with it. */
async function programs(): Promise<{ attack: string; guest: string }> {
  const cache = new Cache(cacheDirOf(env), console.log);
  await openCacheDir(cache.dir);
  const engine = [...await engineFiles(), join(VM_SOURCES, "test", "attack", "attack.c")];
  const attacks = (await Array.fromAsync(Deno.readDir(GUEST))).map(({ name }) => join(GUEST, name)).sort();
  const flags = [...VM_FLAGS, "-O1", ...sanitizers];
  const folder = await cache.folder({
    name: "vm-attacks",
    key: await keyOf([...engine, ...attacks], ...flags, ...GUEST_FLAGS),
    async make(folder) {
      const objects = await compileAll(engine, { compiler: cc, flags, folder });
      await runTool(["cc", ...objects, ...sanitizers, "-pthread", "-o", join(folder, "attack")], { env, hint: "" });
      for (const object of objects) await Deno.remove(object);
      const sources = attacks.filter((path) => path.endsWith(".c"));
      await runTool(["cc", ...GUEST_FLAGS, ...sources, "-o", join(folder, "guest")], { env, hint: "" });
    },
  });
  return { attack: join(folder, "attack"), guest: join(folder, "guest") };
}

Deno.test({
  name: "the fuzzer's corpus holds",
  ignore: sanitizers.length === 0,
  fn: async () => {
    const fuzz = (await vmUnits()).find((program) => basename(program) === "fuzz");
    const seeds = (await Deno.readTextFile(CORPUS)).trim().split("\n").map((line) => line.split(" ")[0]);
    assert.ok(fuzz !== undefined && seeds.length > 0);
    for (const [name, why] of await runUnit(fuzz, seeds)) assert.equal(why, null, name);
  },
});
