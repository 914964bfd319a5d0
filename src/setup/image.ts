import { join } from "node:path";
import { LAYOUT } from "../../ffi/layout.ts";
import { Native } from "../../ffi/native.ts";
import { openShim } from "../../ffi/symbols.ts";
import type { Recipe } from "./cache.ts";
import { sha256, shortHash } from "./hash.ts";
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

/** A part of the image: its key is known before it is made. */
export interface ImagePart<T> {
  readonly key: string;
  read(): Promise<T>;
}

export interface ImageParts {
  /** The engine's module. */
  readonly module: ImagePart<Bytes>;
  /** The JavaScript library's source. */
  readonly library: ImagePart<Bytes>;
  /** The path of the native engine's library. */
  readonly shim: ImagePart<string>;
}

const NATIVE = "native";
const BASE = "base";
const ID = "id";

export function imageRecipe(parts: ImageParts, progress: Progress): Recipe {
  return {
    name: "image",
    key: shortHash([parts.module.key, parts.library.key, parts.shim.key].join(" ")),
    async make(folder) {
      const [module, shim] = await Promise.all([parts.module.read(), parts.shim.read()]);
      await told(progress, "Making the JavaScript engine's base image", async () => {
        const engine = new Native(openShim(shim));
        engine.wasmtimeVersion();
        const [native, library] = await Promise.all([engine.compile(module), parts.library.read()]);
        const base = await engine.makeBase(native, library);
        await Deno.writeFile(join(folder, NATIVE), native);
        await Deno.writeFile(join(folder, BASE), base);
        await Deno.writeTextFile(join(folder, ID), idOf(module, base));
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

/** Of what a snapshot depends on; a new build of the shim that makes the same image keeps the snapshots. */
function idOf(module: Bytes, base: Bytes): string {
  return shortHash([sha256(module), sha256(base), LAYOUT.shimAbi].join(" "));
}
