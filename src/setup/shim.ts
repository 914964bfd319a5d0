import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Recipe } from "./cache.ts";
import type { Compiler } from "./compiler.ts";
import { keyOf } from "./hash.ts";
import { type Progress, told } from "./progress.ts";
import { runTool } from "./tool.ts";

export const SHIM_SOURCES = fileURLToPath(new URL("../../ffi/shim", import.meta.url));
export const SHIM_LIBRARY = "libmayfly.so";
/** Beside what is its own: what it says to cells, and how files of the host are packed for their microVMs. */
const OF_THE_CELL = ["cell.h"];
const OF_THE_ENGINE = [
  "image_format.c",
  "image_format.h",
  "image_pack.c",
  "image_pack.h",
  "sha256.c",
  "sha256.h",
  "layout.h",
  "vm.h",
  "view.h",
];

export const C_FLAGS = [
  ...["-std=c17", "-D_GNU_SOURCE", "-O2", "-g", "-fPIC", "-fvisibility=hidden", "-pthread"],
  ...["-Wall", "-Wextra", "-Werror", "-Wswitch-enum"],
];

export interface ShimParts {
  /** The path of the folder with wasmtime's library, before it is there. */
  readonly wasmtime: string;
  readonly withWasmtime: () => Promise<unknown>;
  readonly withCompiler: (work: (compiler: Compiler) => Promise<void>) => Promise<void>;
}

/** The native engine: all of ffi/shim's own C files in one library. */
export async function shimRecipe(parts: ShimParts, progress: Progress): Promise<Recipe> {
  const files = await shimFiles();
  const sources = files.filter((file) => file.endsWith(".c"));
  return {
    name: "shim",
    key: await keyOf(files, ...C_FLAGS, ...linkFlags(parts.wasmtime).slice(1)),
    async make(folder) {
      await parts.withWasmtime();
      const build = [...C_FLAGS, ...sources, ...linkFlags(parts.wasmtime), "-o", join(folder, SHIM_LIBRARY)];
      await parts.withCompiler(({ command, env }) => {
        const hint = `report it, with what this says: ${command.join(" ")} --version`;
        return told(progress, "Compiling the native engine", () => runTool([...command, ...build], { env, hint }));
      });
    },
  };
}

/**
 * The library finds wasmtime's in the folder beside its own. Deno closes its libraries at exit, while the
 * shim's threads may still run: it stays mapped.
 */
function linkFlags(wasmtime: string): string[] {
  return [
    ...[`-L${wasmtime}`, "-lwasmtime", `-Wl,-rpath,$ORIGIN/../${basename(wasmtime)}`],
    ...["-shared", "-Wl,-z,nodelete,-z,now"],
  ];
}

export async function shimFiles(): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(SHIM_SOURCES)) {
    if (entry.isFile && /\.[ch]$/.test(entry.name)) names.push(entry.name);
  }
  const ffi = dirname(SHIM_SOURCES);
  return [
    ...names.sort().map((name) => join(SHIM_SOURCES, name)),
    ...OF_THE_CELL.map((name) => join(ffi, "cell", name)),
    ...OF_THE_ENGINE.map((name) => join(ffi, "vm", name)),
  ];
}
