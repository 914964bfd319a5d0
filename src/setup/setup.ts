import type { Symbols } from "../../ffi/symbols.ts";
import type { RuntimeImage } from "../../runtimes/runtime.ts";
import { Cache } from "./cache.ts";
import { cacheDirOf, openCacheDir } from "./cache_dir.ts";
import type { EngineImage } from "./image.ts";
import { Parts } from "./parts.ts";
import { assertPlatform } from "./platform.ts";
import type { Progress } from "./progress.ts";

export interface SetupOptions {
  readonly progress: Progress;
  readonly env?: Readonly<Record<string, string>>;
  readonly cacheDir?: string;
}

/** What the server needs and the repository does not hold, each ready in its own time. Rejects with OperatorError. */
export interface Setup {
  /** The native engine's library. */
  readonly shim: Promise<{ readonly library: string }>;
  readonly engine: Promise<EngineImage>;
  /** The path of the cells' program, whose folder is named after what it is made of: made when it is asked for. */
  cell(): Promise<string>;
  /** Whether that program is there already. */
  hasCell(): Promise<boolean>;
  /** The path of a runtime's packed image, made when it is asked for. */
  runtimeImage(image: RuntimeImage, symbols: Symbols): Promise<string>;
}

/** Finds everything in the user's cache and checks it, or makes it: the first time on a machine. */
export function startSetup(options: SetupOptions): Setup {
  const parts = openParts(options);
  return {
    shim: heldBack(parts.then(async (parts) => ({ library: await parts.shim() }))),
    engine: heldBack(parts.then((parts) => parts.image())),
    cell: async () => await (await parts).cell(),
    hasCell: async () => await (await parts).hasCell(),
    runtimeImage: async (image, symbols) => await (await parts).runtimeImage(image, symbols),
  };
}

/** The path of the microVM engine's program, which no start of a server waits for. Throws OperatorError. */
export async function vmProgram(options: SetupOptions): Promise<string> {
  return await (await openParts(options)).vm();
}

/** The path of the program in which a tenant's microVMs run. Throws OperatorError. */
export async function cellProgram(options: SetupOptions): Promise<string> {
  return await (await openParts(options)).cell();
}

/** The same, part by part. */
export async function openParts({ progress, env = Deno.env.toObject(), cacheDir }: SetupOptions): Promise<Parts> {
  assertPlatform(Deno.build);
  const dir = cacheDir ?? cacheDirOf(env);
  await openCacheDir(dir);
  return new Parts(new Cache(dir, progress), env, progress);
}

/** A failure waits for whoever asks, and is no unhandled rejection until then. */
function heldBack<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
