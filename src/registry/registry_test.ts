import assert from "node:assert/strict";
import { join } from "node:path";
import { RegistryHarness } from "../../tests/fakes/registry_harness.ts";
import { PassingError } from "../tiers/tier.ts";

const says = (text: string) => `export default () => new Response(${JSON.stringify(text)});\n`;

Deno.test("a file that appears is deployed, changed, renamed and removed", async () => {
  await using h = await RegistryHarness.start();
  await h.drop({ "life.ts": says("one") });
  await h.serves("life", "one");
  await h.drop({ "life.ts": says("two") });
  await h.serves("life", "two");
  await Deno.rename(join(h.functions, "life.ts"), join(h.functions, "after.ts"));
  await h.serves("after", "two");
  await h.gone("life");
  assert.equal(h.registry.match("home", "/life"), null);
  assert.equal(h.registry.match("home", "/after")?.entry.id.name, "after");
  await Deno.remove(join(h.functions, "after.ts"));
  await h.gone("after");
});

const savers: Record<string, (file: string, text: string) => Promise<void>> = {
  "truncate and write": (file, text) => Deno.writeTextFile(file, text),
  "write another and rename it over": async (file, text) => {
    await Deno.writeTextFile(`${file}~`, text);
    await Deno.rename(`${file}~`, file);
  },
  "delete and write": async (file, text) => {
    await Deno.remove(file);
    await Deno.writeTextFile(file, text);
  },
  "write in parts": async (file, text) => {
    using handle = await Deno.open(file, { write: true, truncate: true });
    for (const part of text.match(/.{1,10}/gs)!) await handle.write(new TextEncoder().encode(part));
  },
};

for (const [how, save] of Object.entries(savers)) {
  Deno.test(`a save deploys once, however it is done: ${how}`, async () => {
    await using h = await RegistryHarness.start({ "f.ts": says("before") });
    await save(join(h.functions, "f.ts"), says("after it was saved"));
    await h.serves("f", "after it was saved");
    await h.registry.settled();
    assert.equal(h.tier.prepared.length, 2);
  });
}

Deno.test("a file that is being written is waited for, and holds nobody up", async () => {
  await using h = await RegistryHarness.start();
  using file = await Deno.open(join(h.functions, "slow.ts"), { write: true, create: true });
  const parts = [
    `const parts = ["slow"`,
    `, "and"`,
    `, "whole"];\n`,
    "export default () => new Response(parts.join());\n",
  ];
  for (const part of parts) {
    await file.write(new TextEncoder().encode(part));
    await h.drop({ "quick.ts": says(`quick ${part.length}`) });
    await h.serves("quick", `quick ${part.length}`);
  }
  await h.serves("slow", `"and", "whole"]`);
});

Deno.test("what is being written is looked at again without a further event", async () => {
  await using harness = await RegistryHarness.start();
  const { busy, refused } = harness.fs;
  busy.add("a.ts").add("b.ts").add("c.ts");
  for (const name of ["a", "b", "c"]) {
    await harness.drop({ [`${name}.ts`]: `export default "${name}";` });
    await harness.until(`${name} was refused`, () => refused.has(`${name}.ts`));
  }
  busy.delete("a.ts");
  busy.delete("b.ts");
  await harness.serves("a", `"a"`);
  await harness.serves("b", `"b"`);
  assert.equal(harness.entry("c"), null);
});

Deno.test("a folder that is moved takes its functions along", async () => {
  await using h = await RegistryHarness.start({ "group/a.ts": says("a"), "group/deep/b.ts": says("b") });
  await Deno.rename(join(h.functions, "group"), join(h.functions, "moved"));
  await h.serves("moved/deep/b", `"b"`);
  await h.serves("moved/a", `"a"`);
  await h.gone("group/a");
  await h.gone("group/deep/b");
  await h.drop({ "moved/deep/b.ts": says("changed") });
  await h.serves("moved/deep/b", "changed");
});

Deno.test("a functions folder that was deleted and made again is followed", async () => {
  await using h = await RegistryHarness.start({ "a.ts": says("a") });
  await Deno.remove(h.functions, { recursive: true });
  await h.gone("a");
  await Deno.mkdir(h.functions);
  await h.drop({ "a.ts": says("again") });
  await h.serves("a", "again");
  await h.drop({ "a.ts": says("and again") });
  await h.serves("a", "and again");
});

Deno.test("two hundred files at once are each built once", async () => {
  await using h = await RegistryHarness.start();
  const names = Array.from({ length: 200 }, (_, n) => `many/f${n}`);
  await h.drop(Object.fromEntries(names.map((name) => [`${name}.ts`, says(`I am ${name}`)])));
  for (const name of names) await h.serves(name, `I am ${name}`);
  await h.registry.settled();
  assert.equal(h.tier.prepared.length, 200);
});

Deno.test("a file that is touched, or saved without a change, builds nothing", async () => {
  await using h = await RegistryHarness.start({ "a.ts": says("a"), "b.ts": says("b") });
  const { version } = h.entry("a")!.active!;
  await h.drop({ "a.ts": says("a") });
  await h.drop({ "b.ts": says("b changed") });
  await h.serves("b", "b changed");
  await h.registry.settled();
  assert.deepEqual(h.tier.prepared.toSorted(), ["a", "b", "b"]);
  assert.equal(h.entry("a")!.active!.version, version);
});

Deno.test("a change of what was imported deploys what imports it, and nothing else", async () => {
  await using h = await RegistryHarness.start({
    "deno.json": JSON.stringify({ imports: { lib: "./_lib/one.ts" } }),
    "_lib/one.ts": `export const name = "one";`,
    "_lib/two.ts": `export const name = "two";`,
    "_lib/barrel.ts": `export * from "./one.ts";`,
    "mapped.ts": `import { name } from "lib"; export default () => new Response(name);`,
    "through.ts": `import { name } from "./_lib/barrel.ts"; export default () => new Response(name);`,
    "alone.ts": says("alone"),
  });
  await h.drop({ "_lib/one.ts": `export const name = "one changed";` });
  await h.serves("mapped", "one changed");
  await h.serves("through", "one changed");
  await h.drop({ "_lib/barrel.ts": `export * from "./two.ts";` });
  await h.serves("through", `"two"`);
  await h.drop({ "deno.json": JSON.stringify({ imports: { lib: "./_lib/two.ts" } }) });
  await h.serves("mapped", `"two"`);
  await h.registry.settled();
  assert.equal(h.tier.prepared.filter((name) => name === "alone").length, 1);
});

Deno.test("an import that was missing and appears mends what waited for it", async () => {
  await using h = await RegistryHarness.start({
    "needs.ts": `import { x } from "./_later.ts";\nexport default () => new Response(x);`,
  });
  const failed = await h.fails(
    "needs",
    /^needs\.ts:1:\d+: Cannot import "\.\/_later\.ts": there is no file _later\.ts/,
  );
  assert.equal(failed.active, null);
  await h.drop({ "_later.ts": `export const x = "here now";` });
  await h.serves("needs", "here now");
  assert.equal(h.entry("needs")!.error, null);
});

Deno.test("all that is wrong with a build is told, and that a deno.json beside the file does not count", async () => {
  await using h = await RegistryHarness.start({
    "app/deno.json": `{ "imports": { "ms": "npm:ms@2" } }`,
    "app/f.ts": `import a from "ms";\nimport b from "./none.ts";\nexport default () => [a, b];\n`,
  });
  const { error } = await h.fails("app/f", /ms/);
  const [first, second, ...more] = error!.split("\n");
  assert.match(
    first,
    /^app\/f\.ts:1:\d+: .*functions folder's deno\.json does not map it.*\(app\/deno\.json does not count\) \(and 1 more\)$/,
  );
  assert.match(second, /^app\/f\.ts:2:\d+: .*none\.ts/);
  assert.deepEqual(more, []);
});

Deno.test("a program that is not executable is told of, until it is", async () => {
  await using h = await RegistryHarness.start({ "data": "no program", "app/main.py": "", "_shared/x": "" });
  const program = await Deno.readFile("/bin/true");
  for (const path of ["shop/server", "app/helper", "_shared/tool", "library.so"]) {
    await Deno.mkdir(join(h.functions, path, ".."), { recursive: true });
    await Deno.writeFile(join(h.functions, path), program, { mode: 0o644 });
  }
  const told = "shop/server: It is a program for Linux, but not executable: chmod +x shop/server";
  await h.until("it is told", () => h.registry.problems().includes(told));
  assert.deepEqual(h.registry.problems(), [told]);
  const warned = h.events.filter((event) => event.type === "server" && event.message === told);
  assert.equal(warned.length, 1);
  await Deno.chmod(join(h.functions, "shop/server"), 0o755);
  await h.until("nothing is wrong", () => h.registry.problems().length === 0);
  assert.equal(h.entry("shop")!.file, "shop/server");
});

Deno.test("settings of a function that is not there are told, until it is there", async () => {
  await using h = await RegistryHarness.start({
    "greet.ts": says("hi"),
    "mayfly.json": `{ "functions": {\n  "gret": { "memoryMb": 32 }, "gr*": { "timeoutMs": 5 }, "later": {} } }`,
  });
  const told = () => h.events.filter((event) => event.type === "server").map(({ level, message }) => [level, message]);
  const gret = "mayfly.json:2:3: The settings of gret are used by no function; did you mean greet?";
  const later = "mayfly.json:2:58: The settings of later are used by no function";
  assert.deepEqual(h.registry.problems(), [gret, later]);
  assert.deepEqual(told(), [["warn", gret], ["warn", later]]);
  await h.drop({ "later.ts": says("later") });
  await h.serves("later", "later");
  assert.deepEqual(h.registry.problems(), [gret]);
  await h.drop({ "mayfly.json": `{ "server": { "concurrency": 5 } }` });
  await h.until("nothing is wrong", () => h.registry.problems().length === 0);
  assert.deepEqual(told().at(-1), ["info", 'mayfly.json: The change of "server" takes effect at the next start']);
});

const broken: readonly [what: string, source: string, error: RegExp][] = [
  ["a syntax error", "export default () => {\n  const x = ;\n};\n", /^f\.ts:2:13: /],
  ["a name that is not exported", `import { no } from "./_empty.ts";\nexport default no;`, /^f\.ts:1:10: .*"no"/],
  [
    "a module of Node's",
    `import net from "node:net";\nexport default () => net;`,
    /^f\.ts:1:17: .*node:net needs the VM tier/,
  ],
  ["a bad config", `export const config = {\n  timeoutMs: "x",\n};\nexport default 1;`, /^f\.ts:2:3: .*timeoutMs "x"/],
  ["a config that is code", `export const config = {\n  queue: 1 + 1 };\nexport default 1;`, /^f\.ts:2:10: .*literal/],
  [
    "an error at init",
    `const x: string = "x";\n  throw new Error(x);\nexport default 1;`,
    /^f\.ts:2:\d+: Error: thrown at init/,
  ],
];

for (const [what, source, error] of broken) {
  Deno.test(`a build that fails tells where, and the old version serves on: ${what}`, async () => {
    await using h = await RegistryHarness.start({ "_empty.ts": "export {};", "f.ts": says("old") });
    await h.drop({ "f.ts": source });
    const failed = await h.fails("f", error);
    assert.doesNotMatch(failed.error!, /mirror|file:\/\//);
    assert.match((await h.text("f"))!, /old/);
    assert.ok(
      h.events.some((event) => event.type === "deploy" && event.state === "failed" && error.test(event.error!)),
    );
    await h.drop({ "f.ts": says("old") });
    await h.until("the error is gone", () => h.entry("f")!.error === null && h.entry("f")!.state === "ready");
  });
}

Deno.test("the console lines of a module are told while it is built", async () => {
  await using h = await RegistryHarness.start({ "chatty.ts": `console.log("from init");\n${says("x")}` });
  assert.ok(h.events.some((event) => event.type === "log" && event.text === "from init" && event.requestId === null));
});

Deno.test("a newer change stops the build that runs", async () => {
  await using h = await RegistryHarness.start();
  const gate = Promise.withResolvers<void>();
  h.tier.gate = gate.promise;
  await h.drop({ "f.ts": says("first") });
  await h.until("it is built", () => h.tier.prepared.length === 1);
  await h.drop({ "f.ts": says("second") });
  await h.until("it is built again", () => h.tier.prepared.length === 2);
  gate.resolve();
  await h.serves("f", "second");
  await h.registry.settled();
  assert.equal((await h.registry.versions({ tenant: "home", name: "f" })).length, 1);
});

Deno.test("a function that was removed while it was built leaves nothing", async () => {
  await using h = await RegistryHarness.start();
  h.tier.gate = new Promise(() => {});
  await h.drop({ "f.ts": says("f") });
  await h.until("it is built", () => h.tier.prepared.length === 1);
  await Deno.remove(join(h.functions, "f.ts"));
  await h.gone("f");
  await h.registry.settled();
  assert.equal(h.store.functions.size, 0);
  assert.deepEqual([...Deno.readDirSync(join(h.data, "versions", ".drafts"))], []);
});

Deno.test("of two files for one route the second is refused, until the first goes", async () => {
  await using h = await RegistryHarness.start({ "twin.ts": says("first") });
  await h.drop({ "twin/index.ts": says("second") });
  await h.fails("twin/index", /twin\/index\.ts: its route \/twin is taken by twin\.ts/);
  assert.equal(h.registry.match("home", "/twin")!.entry.id.name, "twin");
  await Deno.remove(join(h.functions, "twin.ts"));
  await h.serves("twin/index", "second");
  assert.equal(h.registry.match("home", "/twin")!.entry.id.name, "twin/index");
  assert.equal(h.entry("twin")!.id.name, "twin/index");
});

Deno.test("what no tier can run is listed with its reason", async () => {
  await using h = await RegistryHarness.start({
    "resize.py": "def handler(req): return 'x'",
    "asks.ts": `export const config = { tier: "vm" };\n${says("x")}`,
    "@acme/score.ts": says("x"),
  });
  for (const name of ["resize", "asks", "@acme/score"]) {
    const entry = h.entry(name)!;
    assert.equal(entry.state, "failed");
    assert.match(entry.unavailable!, /VM tier, which cannot run here: there is no KVM/);
  }
  assert.equal(h.registry.match("acme", "/score")!.entry.id.tenant, "acme");
  await h.drop({ "asks.ts": says("wasm now") });
  await h.serves("asks", "wasm now");
  assert.equal(h.entry("asks")!.unavailable, null);
});

Deno.test("a tenant that goes takes its packages with it, and no other's", async () => {
  await using h = await RegistryHarness.start({
    "@acme/f.ts": "export default () => 1;",
    "@b/f.ts": "export default () => 1;",
  });
  const packages = (tenant: string) => [join(h.data, "python", tenant), join(h.data, "deno", tenant)];
  for (const folder of [...packages("acme"), ...packages("b")]) {
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(join(folder, "package"), "");
  }
  await Deno.remove(join(h.functions, "@acme"), { recursive: true });
  await h.until("the tenant is gone", () => !h.registry.hasTenant("acme"));
  await h.registry.settled();
  for (const folder of packages("acme")) await assert.rejects(() => Deno.stat(folder), Deno.errors.NotFound);
  for (const folder of packages("b")) assert.ok((await Deno.stat(folder)).isDirectory);
});

Deno.test("what is wrong with a mayfly.json may end with a question", async () => {
  await using h = await RegistryHarness.start({ "mayfly.json": `{ "functions": { "f": { "timeoutMS": 7 } } }` });
  const [problem] = h.registry.problems();
  assert.match(problem, /did you mean timeoutMs\? The settings from before stay in force$/);
});

Deno.test("tenants come and go with their folders, and none takes a wrong name", async () => {
  await using h = await RegistryHarness.start();
  await h.drop({ "@home/x.ts": says("x"), "@Bad_Name/x.ts": says("x"), "@acme/x.ts": says("x") });
  await h.fails("@acme/x", /VM tier/);
  assert.equal(h.registry.hasTenant("acme"), true);
  const refused = h.registry.list().filter(({ error }) => error?.includes("Cannot use @")).map(({ id }) => id.name);
  assert.deepEqual(refused.toSorted(), ["@Bad_Name", "@home"]);
  await Deno.remove(join(h.functions, "@acme"), { recursive: true });
  await Deno.remove(join(h.functions, "@home"), { recursive: true });
  await h.gone("@acme/x");
  await h.until("the tenant is gone", () => !h.registry.hasTenant("acme"));
  await h.until("so is the refusal", () => !h.registry.list().some(({ id }) => id.name === "@home"));
});

Deno.test("a wrong mayfly.json is told of, and the last good one stays in force", async () => {
  const timeout = () => h.entry("f")!.active!.settings.timeoutMs;
  await using h = await RegistryHarness.start({
    "f.ts": says("f"),
    "mayfly.json": `{ "functions": { "f": { "timeoutMs": 7 } } }`,
  });
  assert.equal(timeout(), 7);
  await h.drop({ "mayfly.json": `{\n "functions": { "f": { "timeoutMs": "x" } } }` });
  await h.until("it is told", () => h.registry.problems()[0]?.startsWith("mayfly.json:2:24: "));
  assert.ok(h.events.some((event) => event.type === "server" && event.message.startsWith("mayfly.json:2:24: ")));
  await h.drop({ "f.ts": says("changed") });
  await h.serves("f", "changed");
  assert.equal(timeout(), 7);
  await h.drop({ "mayfly.json": `{ "functions": { "f*": { "timeoutMs": 8 } }, "server": { "queue": 5 } }` });
  await h.until("it is in force", () => timeout() === 8);
  assert.deepEqual(h.registry.problems(), []);
  assert.equal(h.registry.serverSettings(1000).queue, 5);
});

Deno.test("a cap that is lowered refuses what is above it, and serves the old version on", async () => {
  await using h = await RegistryHarness.start({
    "f.ts": `export const config = { timeoutMs: 5000 };\n${says("f")}`,
    "g.ts": says("g"),
  });
  await h.drop({ "mayfly.json": `{ "tenants": { "home": { "timeoutMs": 4000 } } }` });
  await h.fails("f", /timeoutMs 5000: .*4000/);
  assert.match((await h.text("f"))!, /f/);
  await h.until("the other is within it", () => h.entry("g")!.active!.settings.timeoutMs === 4000);
});

Deno.test("a folder with a main is one function; a change of any file in it deploys it", async () => {
  await using h = await RegistryHarness.start({
    "report/main.ts": `import { text } from "./lib.ts"; export default () => new Response(text);`,
    "report/lib.ts": `export const text = "lib";`,
    "report/data.csv": "1",
  });
  const { version } = h.entry("report")!.active!;
  assert.equal(h.entry("report/lib"), null);
  await h.drop({ "report/data.csv": "2" });
  await h.until("another version serves", () => h.entry("report")!.active!.version !== version);
  await h.drop({ "report/more.csv": "3" });
  await h.until("a third one serves", async () => (await h.registry.versions(h.entry("report")!.id)).length === 3);
});

Deno.test("a build that failed for what passes is tried again, and the deploy says so once", async () => {
  await using h = await RegistryHarness.start();
  const failures = [new PassingError("Cannot run it here: no more threads"), new Error("disk full"), null];
  const prepare = h.tier.prepare.bind(h.tier);
  h.tier.prepare = (...parts) => {
    const failure = failures.shift();
    return failure ? Promise.reject(failure) : prepare(...parts);
  };
  await h.drop({ "f.ts": says("at last") });
  await h.fails("f", /^Cannot run it here: no more threads; it is tried again by itself$/);
  await h.fails("f", /^The server failed; its log has the cause; it is tried again by itself$/);
  await h.serves("f", "at last");
  assert.deepEqual([h.entry("f")!.state, h.entry("f")!.error], ["ready", null]);
  const told = h.events.filter((event) => event.type === "deploy" && event.state !== "building");
  assert.equal(told.length, 3);
});
