import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ImageSource } from "../../ffi/native_image.ts";
import { guestEnvironment } from "../guest_environment.ts";
import { readElf } from "../native/elf.ts";
import { image as native } from "../native/image.ts";
import { keyOfFiles } from "../native/key.ts";
import { Libraries } from "../native/libraries.ts";
import type { FunctionRuntime, RuntimeImage } from "../runtime.ts";
import { findPython, type Python } from "./python.ts";

/** Where guests find it, wherever it is here: it finds its library from there. */
export const PYTHON = "/usr/local/bin/python3";

const REPO = fileURLToPath(new URL("./", import.meta.url));
const LIBRARY = "/usr/local/lib";
/** Where every dynamic loader looks first: another build of the same library may be on this machine too. */
const SYSTEM_LIBRARIES = "/lib/x86_64-linux-gnu";
const RUNTIME = "/runtime";
/** On the path of programs that are run as they are: what gives each clone randomness of its own. */
export const SITE = "/runtime/site";

/** Of the standard library: what is for other purposes than running programs, and what is not part of it. */
const LEFT_OUT = [
  ...["__pycache__", "config-", "dist-packages", "ensurepip", "idlelib", "lib2to3", "site-packages"],
  ...["sitecustomize.py", "tkinter", "turtle.py", "turtledemo"],
];
/** Python's own tests, which some packages import helpers of: most of their folder is what was compiled of them. */
const TESTS = "test";

/** The Python of this machine that is called python3, with its standard library. */
export const image: RuntimeImage = {
  name: "python",
  key: async (env) => await keyOfFiles(await image.imageFiles(env)),
  async imageFiles(env) {
    const python = await findPython(env);
    return [
      { host: python.executable, path: PYTHON },
      ...await standardLibrary(python),
      ...await libraries(python),
      ...await native.imageFiles(env),
      ...await runtimeFiles(),
    ];
  },
};

async function standardLibrary({ stdlib, tag }: Python): Promise<ImageSource[]> {
  const to = join(LIBRARY, basename(stdlib));
  const names = (await namesIn(stdlib)).filter((name) => !LEFT_OUT.some((prefix) => isLeftOut(name, prefix)));
  // Those of the optimising modes are for nobody.
  const compiled = (await namesIn(join(stdlib, "__pycache__"))).filter((name) => name.endsWith(`.${tag}.pyc`))
    .map((name) => join("__pycache__", name));
  const tests = (await namesIn(join(stdlib, TESTS))).filter((name) => name !== "__pycache__")
    .map((name) => join(TESTS, name));
  return [...names.filter((name) => name !== TESTS), ...compiled, ...tests]
    .map((name) => ({ host: join(stdlib, name), path: join(to, name) }));
}

const isLeftOut = (name: string, prefix: string): boolean =>
  prefix.endsWith("-") ? name.startsWith(prefix) : name === prefix;

/** What it and its extensions are linked with. A library of its own lies where guests' loaders do not look. */
async function libraries({ executable, stdlib, loaded }: Python): Promise<ImageSource[]> {
  const found = new Libraries();
  await found.addNeeded(await readElf(executable));
  const own: ImageSource[] = [];
  for (const host of loaded) {
    if (/^\/(usr\/)?lib(64)?\//.test(host)) continue;
    own.push({ host, path: join(SYSTEM_LIBRARIES, basename(host)) });
    await found.addNeeded(await readElf(host));
  }
  const extensions = join(stdlib, "lib-dynload");
  for (const name of await namesIn(extensions)) {
    if (name.endsWith(".so")) await found.addNeeded(await readElf(join(extensions, name)));
  }
  return [...own, ...found.files];
}

async function runtimeFiles(): Promise<ImageSource[]> {
  const modules = (await namesIn(join(REPO, "mayfly"))).filter((name) => name.endsWith(".py"));
  return ["boot.py", "site/sitecustomize.py", ...modules.map((name) => join("mayfly", name))]
    .map((name) => ({ host: join(REPO, name), path: join(RUNTIME, name) }));
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

export const runtime: FunctionRuntime = {
  image,
  program: {
    // Isolated, and without what a machine's site has to say. Users' modules are compiled once, for the snapshot.
    arguments: [PYTHON, "-I", "-S", "-B", join(RUNTIME, "boot.py")],
    // Its heap does not grow by a call for each request.
    environment: guestEnvironment({ MALLOC_TOP_PAD_: "1048576" }),
    folder: "/tmp",
  },
  memoryBytes: 64 << 20,
};
