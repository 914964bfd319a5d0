import { fileURLToPath } from "node:url";
import { BuildError } from "../tiers/tier.ts";
import { pythonEnv } from "./child_env.ts";
import type { Place } from "./bundle_wire.ts";

type Position = Pick<Place, "line" | "column">;

/** `from ..a.b import c` is [2, "a.b", "c"]. */
export type PythonImport = readonly [level: number, module: string, name: string | null];

/** What a source says without being run. */
export interface PythonFacts {
  readonly imports?: readonly PythonImport[];
  readonly config?: { readonly value: unknown; readonly places: Readonly<Record<string, Position>> } | null;
  /** Where `config` is no literal. */
  readonly noLiteral?: Position;
  readonly problem?: { readonly message: string; readonly place: Position | null };
}

export interface PythonScannerOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

const LIMITED = fileURLToPath(new URL("./limited_python.py", import.meta.url));
const PROGRAM = fileURLToPath(new URL("./python_scan.py", import.meta.url));
const MOST_KNOWN = 4096;
const AT_ONCE = 64;

/** Reads sources in a child process, which only parses them; what it found is kept by content. */
export class PythonScanner {
  readonly #options: PythonScannerOptions;
  readonly #known = new Map<string, PythonFacts>();

  constructor(options: PythonScannerOptions) {
    this.#options = options;
  }

  /** By path; `hash` names a content. Throws a BuildError for what makes the parser fail. */
  async scan(
    files: readonly { path: string; hash: string }[],
    read: (path: string, hash: string) => Promise<string>,
    signal: AbortSignal,
  ): Promise<Map<string, PythonFacts>> {
    const unknown = files.filter(({ hash }) => !this.#known.has(hash));
    const facts = new Map<string, PythonFacts>();
    for (let at = 0; at < unknown.length; at += AT_ONCE) {
      const some = unknown.slice(at, at + AT_ONCE);
      const sources = await Promise.all(some.map(async ({ path, hash }) => [path, await read(path, hash)]));
      const found = await this.#ask(JSON.stringify(Object.fromEntries(sources)), signal);
      for (const { path, hash } of some) {
        facts.set(path, found[path]);
        this.#keep(hash, found[path]);
      }
    }
    return new Map(files.map(({ path, hash }) => [path, facts.get(path) ?? this.#known.get(hash) ?? {}]));
  }

  #keep(hash: string, facts: PythonFacts): void {
    this.#known.set(hash, facts);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MOST_KNOWN) break;
      this.#known.delete(oldest);
    }
  }

  async #ask(sources: string, signal: AbortSignal): Promise<Record<string, PythonFacts>> {
    const { env, timeoutMs } = this.#options;
    const child = new Deno.Command("python3", {
      args: ["-I", "-S", "-B", LIMITED, "0", `${Math.ceil(timeoutMs / 1000)}`, "[]", PROGRAM],
      clearEnv: true,
      env: pythonEnv(env),
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    }).spawn();
    // One that ended early does not take it all; its status says so.
    const sent = new Blob([sources]).stream().pipeTo(child.stdin).catch(() => {});
    const { success, code, stdout, stderr } = await child.output();
    await sent;
    signal.throwIfAborted();
    if (success) return JSON.parse(new TextDecoder().decode(stdout));
    const why = new TextDecoder().decode(stderr).trim().split("\n").at(-1);
    throw new BuildError(`Cannot read the Python sources: python3 ended with ${code}: ${why}`);
  }
}
