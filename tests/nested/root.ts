import { basename, join } from "node:path";
import type { Tree } from "./archive.ts";
import { MODULES } from "./kernel.ts";
import { INIT, SUITE } from "./programs.ts";

/** All that there is in the machine: the suite, its guests, an interpreter for them, and the libraries of both. */
export async function rootOf(programs: string, kernel: string): Promise<Tree> {
  const tree = new Map<string, Uint8Array | "folder">();
  for (const folder of ["dev", "proc", "sys"]) tree.set(folder, "folder");
  await add(tree, "init", join(programs, INIT));
  await add(tree, "suite/suite", join(programs, SUITE));
  for (const module of MODULES) await add(tree, `modules/${module}`, join(kernel, module));
  const guests = join(programs, "guests");
  for await (const { name } of Deno.readDir(guests)) await add(tree, `suite/guests/${name}`, join(guests, name));
  for (const path of await librariesOf(join(guests, "hello_dynamic"))) await add(tree, path.slice(1), path);
  await addPython(tree, "suite/guests/python");
  return tree;
}

/** Linux makes what it finds in the order in which it finds it: a folder comes before what is in it. */
async function add(tree: Map<string, Uint8Array | "folder">, path: string, file: string): Promise<void> {
  const names = path.split("/");
  for (let depth = 1; depth < names.length; depth++) tree.set(names.slice(0, depth).join("/"), "folder");
  tree.set(path, await Deno.readFile(file));
}

async function librariesOf(program: string): Promise<string[]> {
  return [...(await printed("ldd", [program])).matchAll(/\/\S+(?= \(0x)/g)].map(([path]) => path);
}

/** So much of the standard library as a start and the test's own lines need. */
const PACKAGES = ["encodings", "json", "re", "collections"];
const MODULE = /^(?:codecs|io|abc|enum|types|functools|operator|keyword|reprlib|copyreg|_collections_abc)\.py$/;

async function addPython(tree: Map<string, Uint8Array | "folder">, home: string): Promise<void> {
  const script = "import sys, os; print(os.path.realpath(sys.executable)); print(os.path.dirname(os.__file__))";
  const [program, library] = (await printed("python3", ["-c", script])).split("\n");
  const to = `${home}/lib/${library.slice(library.lastIndexOf("/") + 1)}`;
  await add(tree, `${home}/bin/python3`, program);
  for (const path of await librariesOf(program)) await add(tree, `${home}/lib/${basename(path)}`, path);
  for (const below of ["", ...PACKAGES]) {
    for await (const { name, isFile } of Deno.readDir(join(library, below))) {
      if (isFile && (below === "" ? MODULE : /\.py$/).test(name)) {
        await add(tree, join(to, below, name), join(library, below, name));
      }
    }
  }
}

async function printed(program: string, args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args }).output();
  if (!success) throw new Error(`Cannot run ${program}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
