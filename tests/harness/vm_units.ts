import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { Cache, type Recipe } from "../../src/setup/cache.ts";
import { cacheDirOf, openCacheDir } from "../../src/setup/cache_dir.ts";
import { type Compiler, hostCompiler } from "../../src/setup/compiler.ts";
import { keyOf } from "../../src/setup/hash.ts";
import { runTool } from "../../src/setup/tool.ts";
import { compileAll, engineFiles, sourcesIn, VM_FLAGS } from "../../src/setup/vm_engine.ts";

export const SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"];
export const FLAGS = [...VM_FLAGS, "-O1", ...SANITIZERS];
/** What a test stands in for is its own, though the engine has it too. */
const LINK_FLAGS = [...SANITIZERS, "-pthread", "-Wl,-z,muldefs"];

const env = Deno.env.toObject();
const cc: Compiler = { command: ["cc"], env };

/** Compilers come without the sanitizers' libraries where they are a package of their own. */
export async function hasSanitizers(): Promise<boolean> {
  const dir = await Deno.makeTempDir();
  try {
    return await hostCompiler(dir, env, SANITIZERS) !== null;
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** The paths of the programs that ffi/vm/test makes, with sanitizers: kept until a source changes. */
export async function vmUnits(): Promise<string[]> {
  const cache = new Cache(cacheDirOf(env), console.log);
  await openCacheDir(cache.dir);
  const engine = await cache.folder(await engineRecipe());
  const folder = await cache.folder(await unitsRecipe(engine));
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  return names.filter((name) => /_test$|^fuzz$/.test(name)).sort().map((name) => join(folder, name));
}

/** The microVM engine with sanitizers. */
export async function engineRecipe(): Promise<Recipe> {
  const files = await engineFiles();
  return {
    name: "vm-sanitized",
    key: await keyOf(files, ...FLAGS),
    async make(folder) {
      const objects = await compileAll(files, { compiler: cc, flags: FLAGS, folder });
      await runTool(["ar", "rcs", join(folder, ARCHIVE), ...objects], { env, hint: "" });
      for (const object of objects) await Deno.remove(object);
    },
  };
}

export const ARCHIVE = "engine.a";

async function unitsRecipe(engine: string): Promise<Recipe> {
  const files = await sourcesIn("test");
  return {
    name: "vm-units",
    key: await keyOf(files, engine, ...LINK_FLAGS),
    async make(folder) {
      const sources = await Promise.all(files.map(async (path) => ({ path, text: await Deno.readTextFile(path) })));
      const code = sources.filter(({ path }) => path.endsWith(".c"));
      const objects = await compileAll(code.map(({ path }) => path), { compiler: cc, flags: FLAGS, folder });
      const objectOf = new Map(code.map(({ path }, at) => [path, objects[at]]));
      for (const main of code.filter(isProgram)) {
        const parts = partsOf(main, sources).map(({ path }) => objectOf.get(path)!);
        const program = join(folder, programOf(main));
        await runTool(["cc", ...parts, join(engine, ARCHIVE), ...LINK_FLAGS, "-o", program], { env, hint: "" });
      }
      for (const object of objects) await Deno.remove(object);
    },
  };
}

interface Source {
  readonly path: string;
  readonly text: string;
}

const isProgram = ({ text }: Source) => /^int main\(/m.test(text);
const firstWord = ({ path }: Source) => basename(path, ".c").split("_")[0];

function programOf(main: Source): string {
  const name = basename(main.path, ".c");
  return /_test$|^fuzz$/.test(name) ? name : `${firstWord(main)}_test`;
}

/** Beside a program's main file those of its first word, and of each header that they include the file of that name. */
function partsOf(main: Source, sources: readonly Source[]): Source[] {
  const own = sources.filter((source) =>
    source.path.endsWith(".c") && !isProgram(source) && firstWord(source) === firstWord(main)
  );
  const parts = new Set([main, ...own]);
  for (const { text } of parts) {
    for (const [, header] of text.matchAll(/^#include "(\w+)\.h"/gm)) {
      for (const source of sources) if (basename(source.path) === `${header}.c`) parts.add(source);
    }
  }
  return [...parts];
}

/** What a program printed of each of its tests: null, or why it failed. */
export async function runUnit(program: string, args: readonly string[]): Promise<Map<string, string | null>> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args: [...args] }).output();
  const [printed, told] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  const results = new Map<string, string | null>();
  for (const [, not, name, why] of printed.matchAll(/^(not )?ok (.+?)(?:: (.*))?$/gm)) {
    results.set(name, not ? why ?? "it does not say why" : null);
  }
  const hasFailed = [...results.values()].some((why) => why !== null);
  results.set("it ends well", code === 0 || hasFailed ? null : `exit code ${code}\n${printed.slice(-2000)}\n${told}`);
  assert.ok(results.size > 1, `${program} says nothing of any test\n${printed}\n${told}`);
  return results;
}
