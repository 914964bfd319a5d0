import { BundleProcess, type BundleProcessOptions, type BundleResult, BundlerLost } from "./bundle_process.ts";
import type { BundleRequest } from "./bundle_wire.ts";
import { bundleEnv } from "./child_env.ts";
import { BuildError } from "../tiers/tier.ts";

export interface BundlerOptions extends Pick<BundleProcessOptions, "deno" | "env" | "memoryBytes" | "memoryOf"> {
  readonly timeoutMs: number;
  /** A child that has nothing to do stays this long. */
  readonly idleMs: number;
}

/** Where a root's child runs, and where the packages are. */
export type BundleRoot = Pick<BundleProcessOptions, "mirror" | "packages">;

/** A child for each root that is being built, never shared between roots. */
export class Bundler implements AsyncDisposable {
  readonly #options: BundlerOptions;
  readonly #processes = new Map<string, BundleProcess>();
  readonly #ending = new Set<Promise<void>>();
  readonly #idle = new Map<BundleProcess, ReturnType<typeof setTimeout>>();
  #nextId = 1;

  constructor(options: BundlerOptions) {
    this.#options = { ...options, env: bundleEnv(options.env) };
  }

  /** Starts the root's child, so that it is there when the first build comes. */
  warm(root: BundleRoot): void {
    this.#rest(root, this.#processOf(root));
  }

  /** Throws a BuildError when the sources are too much for the bundler. */
  async bundle(root: BundleRoot, request: Omit<BundleRequest, "id">): Promise<BundleResult> {
    try {
      return await this.#ask(root, this.#processOf(root), request);
    } catch (error) {
      if (!(error instanceof BundlerLost)) throw error;
    }
    // It was shared with other builds, one of which may have brought it down: again, alone.
    const alone = this.#start(root);
    try {
      return await this.#ask(null, alone, request);
    } catch (error) {
      if (!(error instanceof BundlerLost)) throw error;
      throw new BuildError(`Cannot bundle ${request.entry}: ${error.message}`);
    } finally {
      alone.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#idle.values()) clearTimeout(timer);
    for (const process of this.#processes.values()) process.kill("The server ends");
    await Promise.all(this.#ending);
  }

  async #ask(
    root: BundleRoot | null,
    process: BundleProcess,
    request: Omit<BundleRequest, "id">,
  ): Promise<BundleResult> {
    clearTimeout(this.#idle.get(process));
    const { timeoutMs } = this.#options;
    const alarm = setTimeout(() => process.kill(`It takes more than ${timeoutMs / 1000} s to bundle`), timeoutMs);
    try {
      return await process.ask({ ...request, id: this.#nextId++ });
    } finally {
      clearTimeout(alarm);
      if (root && process.waiting === 0) this.#rest(root, process);
    }
  }

  #processOf(root: BundleRoot): BundleProcess {
    let process = this.#processes.get(root.mirror);
    if (!process) this.#processes.set(root.mirror, process = this.#start(root));
    return process;
  }

  #start({ mirror, packages }: BundleRoot): BundleProcess {
    const process = new BundleProcess({ ...this.#options, mirror, packages });
    const ended = process.ended.then(() => {
      this.#ending.delete(ended);
      clearTimeout(this.#idle.get(process));
      this.#idle.delete(process);
      if (this.#processes.get(mirror) === process) this.#processes.delete(mirror);
    });
    this.#ending.add(ended);
    return process;
  }

  /** Ends the child if nothing more comes. */
  #rest({ mirror }: BundleRoot, process: BundleProcess): void {
    clearTimeout(this.#idle.get(process));
    const end = () => {
      if (process.waiting > 0) return;
      if (this.#processes.get(mirror) === process) this.#processes.delete(mirror);
      process.close();
    };
    this.#idle.set(process, setTimeout(end, this.#options.idleMs));
  }
}
