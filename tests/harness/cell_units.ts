import { join } from "node:path";
import { Cache, type Recipe } from "../../src/setup/cache.ts";
import { cacheDirOf, openCacheDir } from "../../src/setup/cache_dir.ts";
import { CELL_SOURCES, cellFiles } from "../../src/setup/cell.ts";
import type { Compiler } from "../../src/setup/compiler.ts";
import { keyOf } from "../../src/setup/hash.ts";
import { runTool } from "../../src/setup/tool.ts";
import { compileAll, sourcesIn } from "../../src/setup/vm_engine.ts";
import { ARCHIVE, engineRecipe, FLAGS, SANITIZERS } from "./vm_units.ts";

const env = Deno.env.toObject();
const cc: Compiler = { command: ["cc"], env };

/** What the tests stand in for, of a cell: its process and its sockets. */
const OF_THE_PROCESS = /\/(main|control|jail|seccomp\w*|landlock)\.c$/;
const GUESTS = ["guest", "web_guest"];
const PROGRAMS = ["serve_test", "parked_test", "web_test"];
const BENCH = "serve_bench";

export interface CellUnits {
  readonly programs: readonly string[];
  readonly bench: string;
  /** The folder of the guests that they run. */
  readonly guests: string;
}

/** The programs that ffi/cell/test/serving makes, with sanitizers. */
export async function cellUnits(): Promise<CellUnits> {
  const cache = new Cache(cacheDirOf(env), console.log);
  await openCacheDir(cache.dir);
  const folder = await cache.folder(await unitsRecipe(await cache.folder(await engineRecipe())));
  return {
    programs: PROGRAMS.map((name) => join(folder, name)),
    bench: join(folder, BENCH),
    guests: join(folder, "guests"),
  };
}

async function unitsRecipe(engine: string): Promise<Recipe> {
  const cell = (await cellFiles()).filter((file) => !OF_THE_PROCESS.test(file));
  const tests = await sourcesIn("test/serving", CELL_SOURCES);
  return {
    name: "cell-units",
    key: await keyOf([...cell, ...tests], engine, ...FLAGS),
    async make(folder) {
      await Deno.mkdir(join(folder, "guests"));
      for (const name of GUESTS) await compileGuest(name, join(folder, "guests"));
      const code = [...cell, join(CELL_SOURCES, "test/serving/cell.c")].filter((file) => file.endsWith(".c"));
      const objects = await compileAll(code, { compiler: cc, flags: FLAGS, folder });
      for (const name of [...PROGRAMS, BENCH]) {
        const parts = [join(CELL_SOURCES, "test/serving", `${name}.c`), ...objects, join(engine, ARCHIVE)];
        await runTool(["cc", ...FLAGS, ...parts, ...SANITIZERS, "-o", join(folder, name)], { env, hint: "" });
      }
      for (const object of objects) await Deno.remove(object);
    },
  };
}

/** It needs no file but itself. */
function compileGuest(name: string, folder: string): Promise<void> {
  const flags = ["-std=c17", "-D_GNU_SOURCE", "-O1", "-static", "-pthread"];
  const source = join(CELL_SOURCES, "test/serving", `${name}.c`);
  return runTool(["cc", ...flags, source, "-o", join(folder, name)], { env, hint: "" });
}
