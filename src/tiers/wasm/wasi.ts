import { createHash } from "node:crypto";
import { join } from "node:path";
import { NativeError, type NativeWasi } from "../../../ffi/native_wasi.ts";
import { LIMITS, MiB } from "../../limits.ts";
import { FILE_PACK } from "../../state/file_pack.ts";
import { type Artifact, BuildError } from "../tier.ts";
import type { WasiCompiler } from "./wasi_compiler.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const MODULE = "module.wasm";
const NATIVE = "module.bin";
const HASH_BYTES = 32;

/** A function's module in the engine. */
export interface LoadedModule {
  readonly id: number;
  readonly bytes: number;
}

/** WASI commands: a version's snapshot is its module in native code, beside the module that it was made of. */
export class WasiModules {
  readonly #native: NativeWasi;
  readonly #compiler: WasiCompiler;

  constructor(native: NativeWasi, compiler: WasiCompiler) {
    this.#native = native;
    this.#compiler = compiler;
  }

  /** Throws a BuildError that says why the module cannot be run. */
  async prepare(artifact: Artifact, dir: string, signal: AbortSignal): Promise<LoadedModule> {
    await Deno.writeFile(join(dir, MODULE), artifact.bundle);
    try {
      return await this.#make(artifact, dir, artifact.bundle, signal);
    } catch (error) {
      throw error instanceof NativeError ? new BuildError(error.message) : error;
    }
  }

  /** From a version's folder. Native code that is damaged, or was made for another processor, is made again. */
  async load(artifact: Omit<Artifact, "bundle">, dir: string): Promise<LoadedModule> {
    const code = verified(await Deno.readFile(join(dir, NATIVE)));
    if (code) {
      try {
        return await this.#put(artifact, dir, code);
      } catch (error) {
        if (!(error instanceof NativeError && error.code === "EINVAL")) throw error;
      }
    }
    return await this.#make(artifact, dir, await Deno.readFile(join(dir, MODULE)));
  }

  async #make(
    artifact: Omit<Artifact, "bundle">,
    dir: string,
    module: Bytes,
    signal?: AbortSignal,
  ): Promise<LoadedModule> {
    const { memoryMb, buildTimeoutMs } = artifact.settings;
    const code = await this.#compiler.compile(module, {
      memoryBytes: memoryMb * MiB,
      timeoutMs: buildTimeoutMs,
      signal,
    });
    await Deno.writeFile(join(dir, NATIVE), withHash(code));
    return await this.#put(artifact, dir, code);
  }

  async #put({ id, settings }: Omit<Artifact, "bundle">, dir: string, code: Bytes): Promise<LoadedModule> {
    const files = join(dir, FILE_PACK);
    const program = `${id.name.split("/").at(-1)}.wasm`;
    const loaded = this.#native.load(code, {
      memoryBytes: settings.memoryMb * MiB,
      logBytes: LIMITS.logBytesPerRequest,
      strings: [program, ...Object.entries(settings.env).map(([name, value]) => `${name}=${value}`)],
      files: await exists(files) ? files : null,
    });
    return { id: loaded, bytes: code.length };
  }
}

/** It will run as it is, so it must be what was compiled. */
function withHash(code: Bytes): Bytes {
  const bytes = new Uint8Array(HASH_BYTES + code.length);
  bytes.set(createHash("sha256").update(code).digest());
  bytes.set(code, HASH_BYTES);
  return bytes;
}

function verified(bytes: Bytes): Bytes | null {
  const code = bytes.subarray(HASH_BYTES);
  const hash = createHash("sha256").update(code).digest();
  return bytes.length > HASH_BYTES && hash.every((byte, at) => bytes[at] === byte) ? code : null;
}

async function exists(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
