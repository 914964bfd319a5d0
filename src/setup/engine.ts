import { join } from "node:path";
import { buildEngine, engineInputs } from "../../runtimes/js/build.ts";
import type { Recipe } from "./cache.ts";
import type { Compiler } from "./compiler.ts";
import { keyOf } from "./hash.ts";
import { QUICKJS, ZIG } from "./pins.ts";
import { type Progress, told } from "./progress.ts";

export const ENGINE_MODULE = "engine.wasm";

const BUILDING = "Building the JavaScript engine (once per machine, about half a minute)";

export interface EngineParts {
  readonly quickjs: () => Promise<string>;
  readonly withZig: (work: (zig: Compiler) => Promise<void>) => Promise<void>;
}

/** The JavaScript engine as a WebAssembly module. */
export async function engineRecipe(parts: EngineParts, progress: Progress): Promise<Recipe> {
  const { files, flags } = await engineInputs();
  return {
    name: "engine",
    key: await keyOf(files, ...flags, ZIG.manifestSha256, QUICKJS.manifestSha256),
    async make(folder) {
      // Fetched beside zig.
      const quickjs = parts.quickjs();
      const build = parts.withZig(async (compiler) => {
        const sources = join(await quickjs, QUICKJS.keep.to);
        const out = join(folder, ENGINE_MODULE);
        await told(progress, BUILDING, () => buildEngine({ compiler, sources, out }));
      });
      await Promise.all([quickjs, build]);
    },
  };
}
