import assert from "node:assert/strict";
import { join } from "node:path";
import type { Event } from "../observe/events.ts";
import { RegistryHarness } from "../../tests/fakes/registry_harness.ts";

const says = (text: string) => `export default () => new Response(${JSON.stringify(text)});\n`;
const python = (text: string) => `def handler(req):\n    return ${JSON.stringify(text)}\n`;

async function withVm(files: Readonly<Record<string, string>>): Promise<RegistryHarness> {
  const h = await RegistryHarness.start();
  h.vm.unavailable = null;
  await h.drop(files);
  for (const path of Object.keys(files)) {
    if (/^(?!_|.*\/_|.*mayfly).*\.(py|ts)$/.test(path)) {
      const name = path.replace(/(\/main)?\.\w+$/, "");
      await h.until(`${name} is built`, () => h.entry(name)?.state === "ready");
    }
  }
  return h;
}

const deploysOf = (h: RegistryHarness, name: string) =>
  h.events.filter((event): event is Event & { type: "deploy" } => event.type === "deploy" && event.id.name === name);

Deno.test("functions of other tenants and of other languages are built in the VM tier, and say why", async () => {
  await using h = await withVm({
    "hello.ts": says("x"),
    "resize.py": python("x"),
    "asks.ts": `export const config = { tier: "vm" };\n${says("x")}`,
    "@acme/score.ts": says("x"),
    "@acme/rank.py": python("x"),
  });
  const facts = ["hello", "resize", "asks", "@acme/score", "@acme/rank"].map((name) => {
    const { settings, language, why } = h.entry(name)!.active!;
    return [name, settings.tier, language, why, settings.memoryMb];
  });
  assert.deepEqual(facts, [
    ["hello", "wasm", "js", null, 64],
    ["resize", "vm", "python", "Python", 256],
    ["asks", "vm", "js", `tier: "vm"`, 256],
    ["@acme/score", "vm", "js", "a function of another tenant", 256],
    ["@acme/rank", "vm", "python", "a function of another tenant", 256],
  ]);
  assert.deepEqual(h.tier.prepared, ["hello"]);
});

Deno.test("a microVM's function whose net names loopback is warned that this is the microVM", async () => {
  const net = (entries: string) => `"net": ["api.example.com", ${entries}]`;
  await using h = await withVm({
    "mine.py": `config = {${net('"127.0.0.1:9320"')}}\n${python("x")}`,
    "public.py": `config = {${net('"192.0.2.7"')}}\n${python("x")}`,
    "near.ts": `export const config = {${net('"localhost:9320"')}};\n${says("x")}`,
  });
  const warnings = h.events.flatMap((event) => event.type === "server" && event.level === "warn" ? event.message : []);
  assert.deepEqual(warnings, [
    "mine: net names 127.0.0.1:9320, which in a microVM is the microVM itself: " +
    "name the address that the service has on this machine's network",
  ]);
});

Deno.test("what the Wasm tier lacks when a module is evaluated takes it to the VM tier, and the deploy says so", async () => {
  const source = `const needs = (name: string) => name;\nneeds("WebAssembly");\n${says("compiled")}`;
  await using h = await withVm({ "heavy.ts": source });
  const { settings, why } = h.entry("heavy")!.active!;
  assert.deepEqual([settings.tier, settings.memoryMb], ["vm", 256]);
  assert.equal(why, "uses WebAssembly, which the Wasm tier lacks");
  assert.equal(deploysOf(h, "heavy").at(-1)!.why, why);
  const { version } = h.entry("heavy")!.active!;
  // Nothing is tried again at a restart.
  const prepared = [...h.tier.prepared, ...h.vm.prepared];
  await h.down();
  await h.up();
  await h.registry.settled();
  assert.deepEqual([...h.tier.prepared, ...h.vm.prepared], prepared);
  assert.deepEqual([h.entry("heavy")!.active!.version, h.entry("heavy")!.active!.why], [version, why]);
  await h.drop({ "heavy.ts": says("light") });
  await h.serves("heavy", "light");
  assert.equal(h.entry("heavy")!.active!.settings.tier, "wasm");
});

Deno.test("a function that insists on the Wasm tier is told what it lacks there", async () => {
  const config = `export const config = { tier: "wasm" };`;
  await using h = await withVm({});
  await h.drop({ "heavy.ts": `${config}\nconst needs = (name: string) => name;\nneeds("WebAssembly");\n${says("x")}` });
  await h.fails("heavy", /WebAssembly needs the VM tier: this engine runs no WebAssembly/);
  assert.equal(h.entry("heavy")!.unavailable, null);
  assert.deepEqual(h.vm.prepared, []);
});

Deno.test("what the Wasm tier lacks is refused with both reasons where there is no VM tier", async () => {
  await using h = await RegistryHarness.start();
  await h.drop({ "heavy.ts": `const needs = (name: string) => name;\nneeds("WebAssembly");\n${says("x")}` });
  const { unavailable } = await h.fails("heavy", /WebAssembly needs the VM tier.*It cannot run here: there is no KVM/);
  assert.match(unavailable!, /there is no KVM/);
});

Deno.test("another tier is another version, and the way back is the version from before", async () => {
  await using h = await withVm({ "f.ts": says("x") });
  const inWasm = h.entry("f")!.active!.version;
  await h.drop({ "mayfly.json": `{ "functions": { "f": { "tier": "vm" } } }` });
  await h.until("it is in the VM tier", () => h.entry("f")!.active!.settings.tier === "vm");
  assert.notEqual(h.entry("f")!.active!.version, inWasm);
  await h.drop({ "mayfly.json": "{}" });
  await h.until("it is back", () => h.entry("f")!.active!.version === inWasm);
  assert.deepEqual([h.tier.prepared, h.vm.prepared], [["f"], ["f"]]);
});

Deno.test("a tenant's wish for the Wasm tier is refused by its name, in code and in its mayfly.json", async () => {
  await using h = await withVm({ "@acme/ok.ts": says("x") });
  await h.drop({ "@acme/asks.ts": `export const config = { tier: "wasm" };\n${says("x")}` });
  await h.fails(
    "@acme/asks",
    /@?asks\.ts:1:\d+: Cannot use config\.tier "wasm": only functions outside of all @ folders/,
  );
  await h.drop({ "@acme/mayfly.json": `{ "functions": { "ok": { "tier": "wasm" } } }` });
  await h.fails("@acme/ok", /tier "wasm": only functions outside of all @ folders may run in the Wasm tier/);
  assert.deepEqual(h.tier.prepared, []);
});

Deno.test("a WASI module of another tenant is refused, whatever its settings say", async () => {
  await using h = await withVm({});
  await h.drop({ "@acme/thumb.wasm": "\0asm" });
  await h.fails("@acme/thumb", /WASI modules run in the Wasm tier, which is for functions outside of all @ folders/);
});

Deno.test("a Python function has its own files and the shared ones while it is built, and no others", async () => {
  const files: string[] = [];
  await using h = await withVm({});
  const prepare = h.vm.prepare.bind(h.vm);
  h.vm.prepare = async (artifact, dir, log, signal) => {
    files.push(...(await filesBelow(join(dir, "files"))).sort());
    return await prepare(artifact, dir, log, signal);
  };
  await h.drop({
    "_shared/util.py": "x = 1",
    "other.ts": says("other"),
    "report/main.py": python("report"),
    "report/data.csv": "1,2",
  });
  await h.serves("report", "report");
  assert.deepEqual(files, ["_shared/util.py", "report/data.csv", "report/main.py"]);
  const { version } = h.entry("report")!.active!;
  const kept = (await filesBelow(join(h.data, "versions", "home", "report", version))).sort();
  assert.deepEqual(kept.filter((path) => path.startsWith("files/")), []);
  await h.drop({ "_shared/util.py": "x = 2" });
  await h.until("it is built again", () => h.entry("report")!.active!.version !== version);
});

Deno.test("a tier that cannot run any more after a restart is told of, and what it ran is served again when it can", async () => {
  await using h = await withVm({ "resize.py": python("x") });
  const { version } = h.entry("resize")!.active!;
  await h.down();
  h.vm.unavailable = "there is no KVM";
  await h.up();
  await h.fails("resize", /Python needs the VM tier, which cannot run here: there is no KVM/);
  assert.equal(h.entry("resize")!.active, null);
  await h.down();
  h.vm.unavailable = null;
  await h.up();
  await h.until("it serves", () => h.entry("resize")!.active?.version === version);
  assert.deepEqual(h.vm.prepared, ["resize"]);
});

async function filesBelow(folder: string, prefix = ""): Promise<string[]> {
  const paths: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) paths.push(...await filesBelow(join(folder, name), `${prefix}${name}/`));
    else paths.push(prefix + name);
  }
  return paths;
}

Deno.test("what needs a tier that is still being set up waits for it, and nothing else does", async () => {
  await using h = await RegistryHarness.start();
  await h.down();
  const opening = Promise.withResolvers<void>();
  h.vm.opening = opening.promise;
  h.vm.unavailable = null;
  await h.drop({ "hello.ts": says("hello"), "resize.py": python("resized"), "@acme/score.ts": says("scored") });
  await h.up();
  await h.registry.settled();
  assert.match((await h.text("hello"))!, /hello/);
  for (const name of ["resize", "@acme/score"]) {
    assert.deepEqual([h.entry(name)!.state, h.entry(name)!.error], ["building", null]);
  }
  h.vm.opening = null;
  opening.resolve();
  await h.serves("resize", "resized");
  await h.serves("@acme/score", "scored");
});

Deno.test("a version whose snapshot was made anew is whole still", async () => {
  await using h = await withVm({ "resize.py": python("x") });
  const { version } = h.entry("resize")!.active!;
  await Deno.writeTextFile(join(h.data, "versions", "home", "resize", version, "snapshot"), python("another x"));
  await h.vm.onRenewed!({ tenant: "home", name: "resize" }, version);
  await h.down();
  await h.up();
  await h.serves("resize", "another x");
  assert.deepEqual(h.vm.prepared, ["resize"]);
});

Deno.test("a file that changes while its function is built is no failure: it is built again", async () => {
  for (const file of ["report.py", "report/main.py"]) {
    await using h = await withVm({});
    let changes = 0;
    // Between the reading of its sources and their copying.
    Object.defineProperty(h.vm, "opening", {
      get: () => changes++ === 0 ? Deno.writeTextFile(join(h.data, "mirror", "home", file), python("half of")) : null,
    });
    await h.drop({ [file]: python("whole") });
    await h.serves("report", "whole");
    assert.ok(changes > 1);
    assert.deepEqual(deploysOf(h, "report").filter(({ state }) => state === "failed"), []);
  }
});

Deno.test("a file that always changes while its function is built is told so", async () => {
  await using h = await withVm({});
  Object.defineProperty(h.vm, "opening", {
    get: () => Deno.writeTextFile(join(h.data, "mirror", "home", "report.py"), python("half of")),
  });
  await h.drop({ "report.py": python("whole") });
  await h.fails("report", /Cannot build report\.py: its files change all the time/);
});
