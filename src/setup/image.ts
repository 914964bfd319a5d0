import { join } from "node:path";
import { LAYOUT } from "../../ffi/layout.ts";
import { Native } from "../../ffi/native.ts";
import { bundleLibrary, libraryInputs, type Program } from "../../runtimes/js/build.ts";
import type { Recipe } from "./cache.ts";
import { keyOf, sha256, shortHash } from "./hash.ts";
import { type Progress, told } from "./progress.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** The JavaScript engine, ready to be loaded by the native one. */
export interface EngineImage {
  /** The engine's module in native code. */
  readonly native: Bytes;
  /** Its memory after the JavaScript library was evaluated in it. */
  readonly base: Bytes;
  /** Names both: a function's snapshot fits no other. */
  readonly id: string;
}

export interface EngineModule {
  readonly key: string;
  read(): Promise<Bytes>;
}

export interface ImageParts {
  readonly module: EngineModule;
  readonly shim: { readonly key: string; library(): Promise<string> };
  readonly deno: Program;
}

const NATIVE = "native";
const BASE = "base";
const ID = "id";

export async function imageRecipe({ module, shim, deno }: ImageParts, progress: Progress): Promise<Recipe> {
  const { files, flags } = await libraryInputs();
  return {
    name: "image",
    key: await keyOf(files, ...flags, module.key, shim.key, Deno.version.deno),
    async make(folder) {
      const [wasm, shimLibrary] = await Promise.all([module.read(), shim.library()]);
      await told(progress, "Making the JavaScript engine's base image", async () => {
        const engine = new Native(shimLibrary);
        engine.wasmtimeVersion();
        const [native, library] = await Promise.all([engine.compile(wasm), bundled(folder, deno)]);
        const base = await engine.makeBase(native, library);
        await Deno.writeFile(join(folder, NATIVE), native);
        await Deno.writeFile(join(folder, BASE), base);
        await Deno.writeTextFile(join(folder, ID), idOf(wasm, base));
      });
    },
  };
}

export async function readImage(folder: string): Promise<EngineImage> {
  const [native, base, id] = await Promise.all([
    Deno.readFile(join(folder, NATIVE)),
    Deno.readFile(join(folder, BASE)),
    Deno.readTextFile(join(folder, ID)),
  ]);
  return { native, base, id };
}

async function bundled(folder: string, deno: Program): Promise<Bytes> {
  const path = join(folder, "library.js");
  await bundleLibrary(path, { deno });
  const library = await Deno.readFile(path);
  await Deno.remove(path);
  return library;
}

/** Of what a snapshot depends on; a new build of the shim that makes the same image keeps the snapshots. */
function idOf(wasm: Bytes, base: Bytes): string {
  return shortHash([sha256(wasm), sha256(base), LAYOUT.shimAbi].join(" "));
}
