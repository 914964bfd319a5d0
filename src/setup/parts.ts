import { join } from "node:path";
import type { Symbols } from "../../ffi/symbols.ts";
import { bundleLibrary, libraryInputs } from "../../runtimes/js/build.ts";
import type { RuntimeImage } from "../../runtimes/runtime.ts";
import type { Cache, Recipe } from "./cache.ts";
import { CELL_PROGRAM, cellFiles } from "./cell.ts";
import { type Compiler, hostCompiler, zigCompiler } from "./compiler.ts";
import { ENGINE_MODULE, engineRecipe } from "./engine.ts";
import { keyOf, sha256 } from "./hash.ts";
import { type EngineImage, type ImagePart, imageRecipe, readImage } from "./image.ts";
import { blamingOverrides, readOverride } from "./override.ts";
import { packageRecipe } from "./packages.ts";
import { QUICKJS, ZIG } from "./pins.ts";
import type { Progress } from "./progress.ts";
import { RUNTIME_IMAGE, runtimeImageRecipe } from "./runtime_images.ts";
import { SHIM_LIBRARY, shimRecipe } from "./shim.ts";
import {
  engineHeaders,
  sourcesIn,
  VM_PROGRAM,
  vmEngineRecipe,
  vmProgramRecipe,
  type WithCompiler,
} from "./vm_engine.ts";
import { withoutLoaderVariables } from "./tool.ts";
import { wasmtimeRecipe } from "./wasmtime.ts";

type Bytes = Uint8Array<ArrayBuffer>;
type Env = Readonly<Record<string, string>>;

/** The server may run no other Deno than its own, by this name: no permission could name all its paths. */
const THIS_DENO = "/proc/self/exe";

/** What is made of what. Nothing is fetched or built before something that is missing needs it. */
export class Parts {
  readonly #env: Env;

  constructor(private readonly cache: Cache, env: Env, private readonly progress: Progress) {
    this.#env = withoutLoaderVariables(env);
  }

  /** The path of the native engine's library, wasmtime's being where it looks for it. */
  async shim(): Promise<string> {
    const [wasmtime, shim] = [await this.#wasmtimeRecipe(), await this.#shimRecipe()];
    await this.cache.folder(wasmtime);
    return join(await this.cache.folder(shim), SHIM_LIBRARY);
  }

  async image(): Promise<EngineImage> {
    const shim = { key: (await this.#shimRecipe()).key, read: () => this.shim() };
    const [module, library] = await Promise.all([this.module(), this.library()]);
    const recipe = imageRecipe({ module, library, shim }, this.progress);
    return await blamingOverrides(this.#env, async () => readImage(await this.cache.folder(recipe)));
  }

  /** The path of the microVM engine's program. */
  async vm(): Promise<string> {
    return await this.#vmProgram(VM_PROGRAM, [...await engineHeaders(), ...await sourcesIn("harness")]);
  }

  /** The path of the program in which a tenant's microVMs run. */
  async cell(): Promise<string> {
    return await this.#vmProgram(CELL_PROGRAM, await cellFiles());
  }

  /** Whether it is there already. */
  async hasCell(): Promise<boolean> {
    const folder = this.cache.pathOf(await this.#vmProgramRecipe(CELL_PROGRAM, await cellFiles()));
    return await Deno.stat(join(folder, CELL_PROGRAM)).then(() => true, () => false);
  }

  /** The path of a runtime's image. */
  async runtimeImage(image: RuntimeImage, symbols: Symbols): Promise<string> {
    const recipe = await runtimeImageRecipe(image, this.#env, symbols, this.progress);
    return join(await this.cache.folder(recipe), RUNTIME_IMAGE);
  }

  /** The JavaScript engine, as a WebAssembly module. */
  async module(): Promise<ImagePart<Bytes>> {
    const named = await readOverride("MAYFLY_ENGINE", this.#env);
    if (named) return { key: sha256(named), read: () => Promise.resolve(named) };
    const recipe = await engineRecipe({
      quickjs: () => this.cache.folder(packageRecipe(QUICKJS, this.#env, this.progress)),
      withZig: (work) => this.cache.scratch(async (scratch) => work(await this.#zig(scratch))),
    }, this.progress);
    return {
      key: recipe.key,
      read: async () => Deno.readFile(join(await this.cache.folder(recipe), ENGINE_MODULE)),
    };
  }

  /** The JavaScript library, as one script. */
  async library(): Promise<ImagePart<Bytes>> {
    const { files, flags } = await libraryInputs();
    return {
      key: await keyOf(files, ...flags, Deno.version.deno),
      read: () =>
        this.cache.scratch(async (scratch) => {
          const script = join(scratch, "library.js");
          await bundleLibrary(script, { deno: { command: [THIS_DENO], env: this.#env } });
          return await Deno.readFile(script);
        }),
    };
  }

  async #shimRecipe(): Promise<Recipe> {
    const wasmtime = await this.#wasmtimeRecipe();
    return shimRecipe({
      wasmtime: this.cache.pathOf(wasmtime),
      withWasmtime: () => this.cache.folder(wasmtime),
      withCompiler: (work) => this.cache.scratch(async (scratch) => work(await this.#compiler(scratch))),
    }, this.progress);
  }

  async #vmProgram(program: string, files: readonly string[]): Promise<string> {
    return join(await this.cache.folder(await this.#vmProgramRecipe(program, files)), program);
  }

  async #vmProgramRecipe(program: string, files: readonly string[]): Promise<Recipe> {
    const withCompiler: WithCompiler = (work) =>
      this.cache.scratch(async (scratch) => work(await this.#compiler(scratch), scratch));
    const engine = await vmEngineRecipe(withCompiler, this.progress);
    const withEngine = () => this.cache.folder(engine);
    return await vmProgramRecipe({ program, files, engine, withEngine, withCompiler });
  }

  #wasmtimeRecipe(): Promise<Recipe> {
    return wasmtimeRecipe(this.#env, this.progress);
  }

  async #compiler(scratch: string): Promise<Compiler> {
    const cc = await hostCompiler(scratch, this.#env);
    if (cc) return cc;
    this.progress("No C compiler that works on PATH: using zig's");
    return await this.#zig(scratch);
  }

  async #zig(scratch: string): Promise<Compiler> {
    return zigCompiler(await this.cache.folder(packageRecipe(ZIG, this.#env, this.progress)), scratch, this.#env);
  }
}
