import { LIMITS, MiB } from "../../limits.ts";
import { BuildError } from "../tier.ts";

type Bytes = Uint8Array<ArrayBuffer>;

export interface WasiCompilerOptions {
  /** The Deno program. */
  readonly deno: string;
  readonly env: Readonly<Record<string, string>>;
  /** The shim. */
  readonly library: string;
  /** Bytes that a process has. */
  readonly memoryOf: (pid: number) => number;
}

/** What bounds a compilation. */
export interface CompileLimits {
  /** Of one sandbox: a module that begins with more is refused. */
  readonly memoryBytes: number;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** With this code the child ends when the module cannot be run; it says why. */
export const REFUSED = 3;
const CHILD = new URL("wasi_compile_child.ts", import.meta.url).pathname;
const MEMORY_LOOKS_MS = 100;

/**
 * Modules to native code, each in a child of its own: a compiler's time and memory depend on what a module is made of, and
 * only a process can be ended whatever it does.
 */
export class WasiCompiler {
  readonly #options: WasiCompilerOptions;

  constructor(options: WasiCompilerOptions) {
    this.#options = options;
  }

  /** Throws a BuildError that says why the module cannot be run. */
  async compile(module: Bytes, { memoryBytes, timeoutMs, signal }: CompileLimits): Promise<Bytes> {
    const child = this.#start(memoryBytes);
    let ended: string | null = null;
    const end = (why: string) => {
      ended ??= why;
      try {
        child.kill("SIGKILL");
      } catch {
        // It ended by itself meanwhile.
      }
    };
    const stop = () => end("the build was stopped");
    const timer = setTimeout(end, timeoutMs, `it takes longer than its buildTimeoutMs of ${timeoutMs}`);
    const looks = setInterval(() => {
      if (this.#options.memoryOf(child.pid) > LIMITS.wasiCompilerBytes) {
        end(`it takes more than ${LIMITS.wasiCompilerBytes / MiB} MB of memory`);
      }
    }, MEMORY_LOOKS_MS);
    signal?.addEventListener("abort", stop);
    if (signal?.aborted) stop();
    try {
      const [{ code }, output, complaints] = await Promise.all([
        child.status,
        new Response(child.stdout).bytes(),
        new Response(child.stderr).text(),
        // A child that ends before it has read all of it is told of by its status.
        new Blob([module]).stream().pipeTo(child.stdin).catch(() => {}),
      ]);
      if (ended !== null) throw new BuildError(`Cannot compile the module: ${ended}`);
      if (code === REFUSED) throw new BuildError(new TextDecoder().decode(output));
      if (code !== 0) {
        throw new BuildError(`Cannot compile the module: the compiler failed: ${complaints.slice(-1000)}`);
      }
      return output;
    } finally {
      clearTimeout(timer);
      clearInterval(looks);
      signal?.removeEventListener("abort", stop);
    }
  }

  #start(memoryBytes: number): Deno.ChildProcess {
    const { deno, env, library } = this.#options;
    return new Deno.Command(deno, {
      args: [
        ...["run", "--no-prompt", "--quiet", "--cached-only", "--no-config", "--no-lock", "--allow-ffi"],
        ...[CHILD, library, `${memoryBytes}`],
      ],
      clearEnv: true,
      env,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }
}
