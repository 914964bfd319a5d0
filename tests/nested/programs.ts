import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Recipe } from "../../src/setup/cache.ts";
import type { Compiler } from "../../src/setup/compiler.ts";
import { keyOf } from "../../src/setup/hash.ts";
import { runTool } from "../../src/setup/tool.ts";
import { compileAll, engineFiles, VM_FLAGS } from "../../src/setup/vm_engine.ts";

/** The suite with the engine in it, its guests, and the first process of the machine around them: all without libraries. */

const SOURCES = fileURLToPath(new URL(".", import.meta.url));
export const SUITE = "suite";
export const INIT = "init";

const ENGINE_FLAGS = [...VM_FLAGS, "-O1", "-DVM_ASSERT_RING3"];
const GUEST_FLAGS = ["-std=gnu17", "-O1", "-Wall", "-Wextra", "-Werror", "-pthread"];

const env = Deno.env.toObject();
const cc: Compiler = { command: ["cc"], env };

export async function programsRecipe(): Promise<Recipe> {
  const engine = [...await engineFiles(), ...await sourcesIn("", /^suite.*\.[ch]$/)];
  const guests = await sourcesIn("guest", /\.c$/);
  const init = join(SOURCES, "init.c");
  return {
    name: "nested-suite",
    key: await keyOf([...engine, ...guests, init], ...ENGINE_FLAGS, ...GUEST_FLAGS),
    async make(folder) {
      const scratch = await Deno.makeTempDir();
      try {
        const objects = await compileAll(engine, { compiler: cc, flags: ENGINE_FLAGS, folder: scratch });
        await compile([...objects, "-static", "-pthread"], join(folder, SUITE));
      } finally {
        await Deno.remove(scratch, { recursive: true });
      }
      await compile([...GUEST_FLAGS, "-static", init], join(folder, INIT));
      await Deno.mkdir(join(folder, "guests"));
      for (const guest of guests) {
        await compile([...GUEST_FLAGS, "-static", guest], join(folder, "guests", basename(guest, ".c")));
      }
      await compile([...GUEST_FLAGS, join(SOURCES, "guest/hello.c")], join(folder, "guests/hello_dynamic"));
    },
  };
}

function compile(args: readonly string[], to: string): Promise<void> {
  return runTool(["cc", ...args, "-o", to], { env, hint: "install gcc and libc6-dev" });
}

async function sourcesIn(below: string, wanted: RegExp): Promise<string[]> {
  const names = (await Array.fromAsync(Deno.readDir(join(SOURCES, below)))).map(({ name }) => name);
  return names.filter((name) => wanted.test(name)).sort().map((name) => join(SOURCES, below, name));
}
