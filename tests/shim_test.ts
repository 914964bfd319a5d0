import assert from "node:assert/strict";
import { join } from "node:path";
import { Cache } from "../src/setup/cache.ts";
import { cacheDirOf, openCacheDir } from "../src/setup/cache_dir.ts";
import { type Compiler, hostCompiler, zigCompiler } from "../src/setup/compiler.ts";
import { packageRecipe } from "../src/setup/packages.ts";
import { ZIG } from "../src/setup/pins.ts";
import { C_FLAGS, SHIM_SOURCES, shimFiles } from "../src/setup/shim.ts";
import { wasmtimeRecipe } from "../src/setup/wasmtime.ts";

/** The shim's C code, tested as C code. */

const SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
const TESTS = join(SHIM_SOURCES, "test");
/** The guest of the tests: the engine's contract, without an engine. */
const GUEST_FLAGS = [
  ...["-target", "wasm32-freestanding", "-mcpu=mvp+mutable_globals", "-O1", "-nostdlib"],
  ...["-Wl,--no-entry", "-Wl,--export=__stack_pointer", "-Wl,-z,stack-size=1048576"],
  ...["-Wl,--initial-memory=67108864", "-Wl,--max-memory=67108864"],
];

const env = Deno.env.toObject();

interface Workplace {
  readonly dir: string;
  readonly wasmtime: string;
  readonly zig: Compiler;
}

async function withWorkplace(work: (place: Workplace) => Promise<void>): Promise<void> {
  const cache = new Cache(cacheDirOf(env), console.log);
  await openCacheDir(cache.dir);
  const wasmtime = await cache.folder(await wasmtimeRecipe(env, console.log));
  const zig = await cache.folder(packageRecipe(ZIG, env, console.log));
  const dir = await Deno.makeTempDir();
  try {
    await work({ dir, wasmtime, zig: zigCompiler(zig, dir, env) });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function run([program, ...args]: readonly string[], env: Readonly<Record<string, string>>): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, env }).output();
  const printed = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assert.ok(success, `${program} failed\n${printed}`);
  return printed;
}

const compile = ({ command, env }: Compiler, args: readonly string[]) => run([...command, ...args], env);

const cFilesOf = async (files: Promise<string[]>) => (await files).filter((file) => file.endsWith(".c"));

async function testFiles(): Promise<string[]> {
  const names = (await Array.fromAsync(Deno.readDir(TESTS))).map(({ name }) => name);
  return names.filter((name) => name !== "guest.c").sort().map((name) => join(TESTS, name));
}

/** Compilers come without the sanitizers' libraries where they are a package of their own. */
async function hasSanitizers(): Promise<boolean> {
  const dir = await Deno.makeTempDir();
  try {
    return await hostCompiler(dir, env, SANITIZERS) !== null;
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test({
  name: "the shim's own tests pass under the address and undefined-behaviour sanitizers",
  // Continuous integration has to have them.
  ignore: Deno.env.get("CI") !== "true" && !await hasSanitizers(),
  fn: () =>
    withWorkplace(async ({ dir, wasmtime, zig }) => {
      const [main, guest] = [join(dir, "main"), join(dir, "guest.wasm")];
      const sources = [...await cFilesOf(shimFiles()), ...await cFilesOf(testFiles())];
      const link = [`-L${wasmtime}`, "-lwasmtime", `-Wl,-rpath,${wasmtime}`];
      await compile(zig, [...GUEST_FLAGS, join(TESTS, "guest.c"), "-o", guest]);
      await compile({ command: ["cc"], env }, [...C_FLAGS, "-O1", ...SANITIZERS, ...sources, ...link, "-o", main]);
      const printed = await run([main, guest], env);
      console.log(printed);
      assert.match(printed, /\.\.\. ok/);
    }),
});

Deno.test("the shim compiles without a warning with zig's C compiler too", () =>
  withWorkplace(async ({ dir, wasmtime, zig }) => {
    const library = join(dir, "libmayfly.so");
    const link = [`-L${wasmtime}`, "-lwasmtime", "-shared"];
    await compile(zig, [...C_FLAGS, ...await cFilesOf(shimFiles()), ...link, "-o", library]);
    assert.ok((await Deno.stat(library)).size > 0);
  }));
