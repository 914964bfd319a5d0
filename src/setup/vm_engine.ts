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
const LINK_FLAGS = ["-pie", "-pthread", "-Wl,-z,relro,-z,now"];

/** A compiler takes about 100 MB. */
const COMPILERS_AT_MOST = 8;

export type WithCompiler = (work: (compiler: Compiler, scratch: string) => Promise<void>) => Promise<void>;

/** The microVM engine as objects, to make programs of. */
export async function vmEngineRecipe(withCompiler: WithCompiler, progress: Progress): Promise<Recipe> {
  const files = await engineFiles();
  const key = await keyOf(files, ...VM_FLAGS);
  return {
    name: "vm-engine",
    key,
    make: (folder) =>
      withCompiler((compiler) =>
        told(progress, "Compiling the microVM engine", async () => {
          // A snapshot fits the very build that took it.
          await compileAll(files, { compiler, flags: [...VM_FLAGS, `-DVM_BUILD="${key}"`], folder });
        })
      ),
  };
}

export interface ProgramOptions {
  /** Its name: the folder's is what follows "mayfly-". */
  readonly program: string;
  readonly files: readonly string[];
  /** What the engine is, before it is there. */
  readonly engine: Recipe;
  /** The folder of its objects. */
  readonly withEngine: () => Promise<string>;
  readonly withCompiler: WithCompiler;
}

/** A program of these files and the engine. */
export async function vmProgramRecipe(
  { program, files, engine, withEngine, withCompiler }: ProgramOptions,
): Promise<Recipe> {
  return {
    name: program.replace("mayfly-", ""),
    key: await keyOf(files, engine.key, ...VM_FLAGS, ...LINK_FLAGS),
    async make(folder) {
      const objects = await objectsIn(await withEngine());
      await withCompiler(async (compiler, scratch) => {
        const own = await compileAll(files, { compiler, flags: VM_FLAGS, folder: scratch });
        await compile(compiler, [...own, ...objects, ...LINK_FLAGS, "-o", join(folder, program)]);
      });
    },
  };
}

async function objectsIn(folder: string): Promise<string[]> {
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  return names.filter((name) => name.endsWith(".o")).sort().map((name) => join(folder, name));
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

/** What programs of the engine know of it. */
export async function engineHeaders(): Promise<string[]> {
  return (await engineFiles()).filter((file) => file.endsWith(".h"));
}

/** The sources of a folder of the engine's own, or of another's. */
export async function sourcesIn(below: string, root = VM_SOURCES): Promise<string[]> {
  const folder = join(root, below);
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
