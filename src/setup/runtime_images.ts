import { join } from "node:path";
import { packImage } from "../../ffi/native_image.ts";
import type { Symbols } from "../../ffi/symbols.ts";
import type { RuntimeImage } from "../../runtimes/runtime.ts";
import type { Recipe } from "./cache.ts";
import { keyOf } from "./hash.ts";
import { type Progress, told } from "./progress.ts";
import { VM_SOURCES } from "./vm_engine.ts";

export const RUNTIME_IMAGE = "image";
const FORMAT = ["image_pack.c", "image_format.c", "image_format.h"].map((name) => join(VM_SOURCES, name));

/** A runtime of microVMs, packed from files of this machine and of the repository. */
export async function runtimeImageRecipe(
  image: RuntimeImage,
  env: Readonly<Record<string, string>>,
  symbols: Symbols,
  progress: Progress,
): Promise<Recipe> {
  return {
    name: `runtime-${image.name}`,
    key: await keyOf(FORMAT, await image.key(env)),
    make: (folder) =>
      told(
        progress,
        `Packing the runtime ${image.name}`,
        async () => await packImage(symbols, join(folder, RUNTIME_IMAGE), await image.imageFiles(env)),
      ),
  };
}
