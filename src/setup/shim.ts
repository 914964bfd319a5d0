import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Recipe } from "./cache.ts";
import type { Compiler } from "./compiler.ts";
import { keyOf } from "./hash.ts";
import { type Progress, told } from "./progress.ts";
import { runTool } from "./tool.ts";

export const SHIM_SOURCES = fileURLToPath(new URL("../../ffi/shim", import.meta.url));

export const C_FLAGS = [
  ...["-std=c17", "-O2", "-g", "-fPIC", "-pthread"],
  ...["-Wall", "-Wextra", "-Werror", "-Wswitch-enum"],
];

/**
 * The shim finds wasmtime's library in the folder beside its own. Deno closes its libraries at exit, while
 * the shim's threads may still run: it stays mapped.
 */
const linkFlags = (wasmtime: string) => [
  ...["-shared", "-Wl,-z,nodelete"],
  ...[`-L${wasmtime}`, "-lwasmtime", `-Wl,-rpath,$ORIGIN/../${basename(wasmtime)}`],
];

/** The native engine, compiled of all of ffi/shim's own C files. */
export async function shimRecipe(
  wasmtime: string,
  compiler: (scratch: string) => Promise<Compiler>,
  progress: Progress,
): Promise<Recipe> {
  const files = await shimFiles();
  const sources = files.filter((file) => file.endsWith(".c"));
  return {
    name: "shim",
    key: await keyOf(files, ...C_FLAGS, ...linkFlags(wasmtime)),
    async make(folder) {
      const scratch = join(folder, "scratch");
      const { command, env } = await compiler(scratch);
      await told(
        progress,
        `Compiling the native engine with ${command.at(-1)}`,
        () =>
          runTool([...command, ...C_FLAGS, ...sources, ...linkFlags(wasmtime), "-o", join(folder, "libmayfly.so")], {
            env,
            hint: `see what the compiler says to: ${command.join(" ")} -c ${SHIM_SOURCES}/*.c`,
          }),
      );
      await Deno.remove(scratch, { recursive: true }).catch(() => {});
    },
  };
}

async function shimFiles(): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(SHIM_SOURCES)) {
    if (entry.isFile && /\.[ch]$/.test(entry.name)) names.push(entry.name);
  }
  return names.sort().map((name) => join(SHIM_SOURCES, name));
}
