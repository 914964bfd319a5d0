import { type BundleFacts, type BundleReply, type BundleRequest, FrameReader } from "./bundle_wire.ts";

export interface BundleResult {
  readonly reply: BundleReply;
  readonly facts: BundleFacts | null;
  readonly code: Uint8Array<ArrayBuffer>;
  readonly map: Uint8Array<ArrayBuffer>;
}

/** The child ended, or was ended, before it answered. */
export class BundlerLost extends Error {
  override readonly name = "BundlerLost";
}

export interface BundleProcessOptions {
  /** The Deno program. */
  readonly deno: string;
  readonly env: Readonly<Record<string, string>>;
  /** The root's mirror: where it runs, and what it may read besides `packages`. */
  readonly mirror: string;
  readonly packages: string;
  readonly memoryBytes: number;
  /** Bytes that a process and its children have. */
  readonly memoryOf: (pid: number) => number;
}

const REPO = new URL("../../", import.meta.url).pathname;
const HEAP_MB = 512;
const MEMORY_LOOKS_MS = 100;
const EMPTY = new Uint8Array(0);

/** The child that bundles for one root. It serves many requests at once, and ends when its stdin is closed. */
export class BundleProcess {
  readonly ended: Promise<void>;
  readonly #process: Deno.ChildProcess;
  readonly #requests: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #waiting = new Map<number, PromiseWithResolvers<BundleResult>>();
  readonly #memory: ReturnType<typeof setInterval>;
  #lost: string | null = null;

  constructor({ deno, env, mirror, packages, memoryBytes, memoryOf }: BundleProcessOptions) {
    const esbuild = esbuildProgram();
    this.#process = new Deno.Command(deno, {
      args: [
        "run",
        "--no-prompt",
        "--quiet",
        "--cached-only",
        // Without the lock file it would need the registry's lists of versions, which a fresh machine has not cached.
        `--lock=${REPO}deno.lock`,
        "--frozen",
        `--config=${REPO}deno.json`,
        `--v8-flags=--max-old-space-size=${HEAP_MB}`,
        `--allow-read=${[mirror, packages, esbuild].map(escapeComma).join(",")}`,
        `--allow-run=${escapeComma(esbuild)}`,
        // Its environment is clean.
        "--allow-env",
        `${REPO}src/registry/bundle_child.ts`,
      ],
      cwd: mirror,
      clearEnv: true,
      env: { ...env, ESBUILD_BINARY_PATH: esbuild, GOMEMLIMIT: `${memoryBytes >> 1}` },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#requests = this.#process.stdin.getWriter();
    this.#memory = setInterval(() => {
      if (this.#waiting.size === 0 || memoryOf(this.#process.pid) <= memoryBytes) return;
      this.kill(`It takes more than ${memoryBytes >> 20} MB of memory to bundle`);
    }, MEMORY_LOOKS_MS);
    this.ended = this.#read();
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  ask(request: BundleRequest): Promise<BundleResult> {
    const answer = Promise.withResolvers<BundleResult>();
    this.#waiting.set(request.id, answer);
    // A child that ended fails all that wait.
    this.#requests.write(new TextEncoder().encode(JSON.stringify(request) + "\n")).catch(() => {});
    if (this.#lost !== null) answer.reject(new BundlerLost(this.#lost));
    return answer.promise;
  }

  /** It ends once it has answered. */
  close(): void {
    this.#requests.close().catch(() => {});
  }

  /** esbuild notices the end of its parent, and ends too. */
  kill(reason: string): void {
    this.#lost ??= reason;
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It ended by itself meanwhile.
    }
  }

  async #read(): Promise<void> {
    const complaints = lastOf(this.#process.stderr);
    const replies = new FrameReader(this.#process.stdout);
    try {
      for (let line = await replies.line(); line !== null; line = await replies.line()) {
        const reply: BundleReply = JSON.parse(line);
        const { codeBytes = 0, mapBytes = 0 } = reply.bundle ?? {};
        const code = codeBytes ? await replies.bytes(codeBytes) : EMPTY;
        const map = mapBytes ? await replies.bytes(mapBytes) : EMPTY;
        this.#waiting.get(reply.id)?.resolve({ reply, facts: reply.bundle, code, map });
        this.#waiting.delete(reply.id);
      }
    } catch (error) {
      this.kill(`Cannot read the bundler's answer: ${error}`);
    }
    const { code } = await this.#process.status;
    clearInterval(this.#memory);
    this.#lost ??= `The bundler ended with ${code}: ${await complaints}`;
    for (const answer of this.#waiting.values()) answer.reject(new BundlerLost(this.#lost));
    this.#waiting.clear();
  }
}

/** Never called: it makes Deno fetch the packages of the child's program when the server starts, not with the first build. */
export const bundleProgram = () => import("./bundle_child.ts");

/** Beside esbuild's own package in Deno's cache, as its installer would find it. */
function esbuildProgram(): string {
  const cpu = { x86_64: "x64", aarch64: "arm64" }[Deno.build.arch];
  const [, cache, version] = /^(.*)\/esbuild\/([^/]+)\//.exec(new URL(import.meta.resolve("esbuild")).pathname)!;
  return decodeURIComponent(`${cache}/@esbuild/${Deno.build.os}-${cpu}/${version}/bin/esbuild`);
}

const escapeComma = (path: string): string => path.replaceAll(",", ",,");

async function lastOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  let text = "";
  for await (const part of stream.pipeThrough(new TextDecoderStream())) text = (text + part).slice(-2000);
  return text.trim();
}
