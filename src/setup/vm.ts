import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Recipe } from "./cache.ts";
import type { Compiler } from "./compiler.ts";
import { keyOf } from "./hash.ts";
import { type Progress, told } from "./progress.ts";
import { SHIM_SOURCES } from "./shim.ts";
import { runTool } from "./tool.ts";

export const VM_SOURCES = fileURLToPath(new URL("../../ffi/vm", import.meta.url));
/** Looking for changed pages is the same work for both engines. */
const OF_THE_SHIM = ["os.h", "pages.h", "pages.c"].map((name) => join(SHIM_SOURCES, name));
export const VM_PROGRAM = "mayfly-vm";

export const VM_FLAGS = [
  ...["-std=c17", "-D_GNU_SOURCE", "-O2", "-g", "-fPIC", "-fvisibility=hidden", "-pthread"],
  ...["-Wall", "-Wextra", "-Werror", "-Wswitch-enum"],
];
const LINK_FLAGS = ["-pthread", "-Wl,-z,relro,-z,now"];

/** A compiler takes about 100 MB. */
const COMPILERS_AT_MOST = 8;

export type WithCompiler = (work: (compiler: Compiler, scratch: string) => Promise<void>) => Promise<void>;

/** The microVM engine with its harness, as a program. */
export async function vmRecipe(withCompiler: WithCompiler, progress: Progress): Promise<Recipe> {
  const files = [...await engineFiles(), ...await sourcesIn("harness")];
  const key = await keyOf(files, ...VM_FLAGS, ...LINK_FLAGS);
  return {
    name: "vm",
    key,
    make: (folder) =>
      withCompiler((compiler, scratch) =>
        told(progress, "Compiling the microVM engine", async () => {
          // A snapshot fits the very build that took it.
          const flags = [...VM_FLAGS, `-DVM_BUILD="${key}"`];
          const objects = await compileAll(files, { compiler, flags, folder: scratch });
          await compile(compiler, [...objects, ...LINK_FLAGS, "-o", join(folder, VM_PROGRAM)]);
        })
      ),
  };
}

export interface Compilation {
  readonly compiler: Compiler;
  readonly flags: readonly string[];
  /** Where the objects go. */
  readonly folder: string;
}

/** The objects of all of these that are no headers, compiled side by side. */
export async function compileAll(
  files: readonly string[],
  { compiler, flags, folder }: Compilation,
): Promise<string[]> {
  const sources = files.filter((file) => !file.endsWith(".h"));
  const objects = sources.map((_, at) => join(folder, `${at}.o`));
  const rest = sources.entries();
  const lane = async () => {
    for (const [at, source] of rest) await compile(compiler, [...flags, "-c", source, "-o", objects[at]]);
  };
  await Promise.all(Array.from({ length: Math.min(navigator.hardwareConcurrency, COMPILERS_AT_MOST) }, lane));
  return objects;
}

function compile({ command, env }: Compiler, args: readonly string[]): Promise<void> {
  const hint = `report it, with what this says: ${command.join(" ")} --version`;
  return runTool([...command, ...args], { env, hint });
}

/** The engine without its harness. */
export async function engineFiles(): Promise<string[]> {
  return [...await sourcesIn(""), ...OF_THE_SHIM];
}

/** The sources of a folder of the engine's own. */
export async function sourcesIn(below: string): Promise<string[]> {
  const folder = join(VM_SOURCES, below);
  const names = (await Array.fromAsync(Deno.readDir(folder))).filter(({ isFile }) => isFile).map(({ name }) => name);
  return names.filter((name) => /\.[chS]$/.test(name)).sort().map((name) => join(folder, name));
}

/**
 * How to start a program of the cache, by way of Python: a path in the cache is none that a permission could name. A
 * Python that is a script changes PATH, and what it starts is to get the one that was there before.
 */
export function viaPython(command: readonly string[], env: Readonly<Record<string, string>>): string[] {
  const start = "import os, sys; os.environ['PATH'] = sys.argv[1]; os.execv(sys.argv[2], sys.argv[2:])";
  return ["python3", "-I", "-S", "-B", "-c", start, env.PATH ?? "", ...command];
}
