import assert from "node:assert/strict";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { ElfError, readElf } from "./elf.ts";
import { image } from "./image.ts";
import { image as node } from "./node.ts";
import { nativePlan } from "./program.ts";

const HERE = dirname(fileURLToPath(import.meta.url));
const env = Deno.env.toObject();
const files = await image.imageFiles(env);

Deno.test("a native program has a loader and a C library, each at the path that loaders look at", async () => {
  const paths = new Map(files.map(({ host, path }) => [path, host]));
  const { interpreter, needed } = await readElf(Deno.execPath());
  assert.ok(paths.has(interpreter!));
  for (const name of needed) assert.ok([...paths.keys()].some((path) => path.endsWith(`/${name}`)), name);
  for (const { host } of files) assert.ok(!(await Deno.lstat(host)).isSymlink, host);
});

Deno.test("of accounts, names and hosts a guest is told nothing of this machine", () => {
  const told = files.filter(({ path }) => path.startsWith("/etc/") && !/^\/etc\/(ssl|pki)\//.test(path));
  assert.ok(told.length > 5);
  for (const { host, path } of told) assert.equal(host, `${HERE}${path}`);
  const rest = files.filter(({ path }) => !path.startsWith("/etc/"));
  for (const { path } of rest) assert.match(path, /^\/(usr\/)?(lib|lib64|share\/zoneinfo)(\/|$)/);
});

Deno.test("the same files have the same key, others have another one", async () => {
  assert.equal(await image.key(env), await image.key(env));
  assert.notEqual(await image.key(env), await node.key(env));
});

Deno.test("node comes with its libraries, and a script of its name is passed over", async () => {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${dir}/node`, "#!/bin/sh\n", { mode: 0o755 });
    const [program, ...libraries] = await node.imageFiles({ ...env, PATH: `${dir}:relative:${env.PATH}` });
    assert.equal(program.path, "/usr/bin/node");
    assert.notEqual(program.host, `${dir}/node`);
    assert.ok(libraries.some(({ path }) => path.endsWith("/libc.so.6")));
    await assert.rejects(async () => await node.imageFiles({ PATH: dir }), /Cannot find node/);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("what is no program is told by what it is", async () => {
  const dir = await Deno.makeTempDir();
  const bytes = await Deno.readFile("/bin/true");
  const changed = (at: number, ...values: number[]) => {
    const copy = bytes.slice();
    copy.set(values, at);
    return copy;
  };
  const cases: readonly (readonly [Uint8Array<ArrayBuffer>, RegExp])[] = [
    [new Uint8Array(), /no ELF file/],
    [new TextEncoder().encode("#!/bin/sh\n"), /no ELF file/],
    [bytes.slice(0, 63), /no ELF file/],
    [bytes.slice(0, 100), /cut off/],
    [changed(18, 243, 0), /RISC-V/],
    [changed(18, 99, 99), /another processor, not/],
    [changed(5, 2), /another processor/],
    [changed(4, 1), /32-bit/],
    [changed(16, 1, 0), /not linked/],
    [changed(56, 255, 255), /damaged/],
    [changed(32, 255, 255, 255, 255, 255, 255, 255, 127), /damaged/],
  ];
  try {
    for (const [content, problem] of cases) {
      await Deno.writeFile(`${dir}/program`, content);
      await assert.rejects(
        readElf(`${dir}/program`),
        (error: Error) => error instanceof ElfError && problem.test(error.message),
      );
    }
    // Whatever is wrong in its tables, nothing else is thrown.
    for (let at = 0; at < 1024; at++) {
      await Deno.writeFile(`${dir}/program`, changed(at, 255, 255, 255));
      await readElf(`${dir}/program`).catch((error) => assert.ok(error instanceof ElfError, `${at}: ${error}`));
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("a program is started by its name or its run, with its own environment and what is usual", () => {
  const plan = (entry: string, folder: string, run: string[] | null = null, own: Record<string, string> = {}) => {
    const { program, kind, images } = nativePlan({ entry, folder, settings: { run, env: own } });
    return { ...program, kind, images: images.map(({ name }) => name) };
  };
  const alone = plan("tools/resize", "", null, { OWN: "1", HOME: "/mine" });
  assert.deepEqual([alone.arguments, alone.folder, alone.kind, alone.images], [
    ["/function/tools/resize"],
    "/function",
    "stdio",
    ["native"],
  ]);
  assert.ok(alone.environment.includes("OWN=1") && alone.environment.includes("HOME=/mine"));
  assert.ok(!alone.environment.some((variable) => /^(PORT=|HOME=\/tmp)/.test(variable)));
  const server = plan("shop/server", "shop");
  assert.deepEqual([server.arguments, server.folder, server.kind], [
    ["/function/shop/server"],
    "/function/shop",
    "server",
  ]);
  assert.ok(server.environment.includes("PORT=8080"));
  const run = plan("", "shop", ["./bin/prog", "-v"], { PORT: "9000" });
  assert.deepEqual([run.arguments, run.kind], [["/function/shop/bin/prog", "-v"], "server"]);
  assert.ok(run.environment.includes("PORT=9000") && !run.environment.includes("PORT=8080"));
  const script = plan("", "shop", ["node", "server.js"]);
  assert.deepEqual([script.arguments, script.images], [[
    "/usr/bin/node",
    "--require",
    "/runtime/fresh/node.cjs",
    "server.js",
  ], ["native", "node"]]);
});
