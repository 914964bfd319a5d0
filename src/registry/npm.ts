import { join } from "node:path";
import { MiB } from "../limits.ts";
import { npmEnv } from "./child_env.ts";
import type { NpmPackage, NpmTable } from "./bundle_wire.ts";
import { FolderBound, FolderFull } from "./folder_bound.ts";
import { npmPartOf } from "./npm_lock.ts";
import { removeAll } from "./remove_all.ts";
import { shownNames } from "./shown_names.ts";

export interface NpmOptions {
  readonly deno: string;
  readonly env: Readonly<Record<string, string>>;
  /** A folder for each tenant: its packages, and the versions that were chosen. */
  readonly folder: string;
  readonly timeoutMs: number;
  /** Of a tenant's packages together. */
  readonly mostBytes: number;
  /** Who waits longer than that is told what for. */
  readonly toldAfterMs: number;
}

/** The root's deno.lock as it was mirrored. */
export interface Lock {
  readonly file: string;
  readonly hash: string;
}

/** There is no such package or version, or the registry cannot be reached. */
export class NpmError extends Error {
  override readonly name = "NpmError";
  constructor(readonly specifiers: readonly string[], why: string) {
    super(`Cannot import ${specifiers.join(", ")}: ${why}`);
  }
}

export const NO_PACKAGES: NpmTable = { specifiers: {}, packages: {} };

/**
 * Finds and fetches npm packages with Deno's own client. It is only ever shown npm specifiers, never a file of the
 * root, so no import of a user's makes it read or ask anything else; it runs no scripts of packages.
 */
export class Npm {
  readonly #options: NpmOptions;
  /** By tenant, and by what was asked for. */
  readonly #tables = new Map<string, Map<string, NpmTable>>();
  /** One at a time for each tenant: they write the same lock. */
  readonly #last = new Map<string, Promise<unknown>>();

  constructor(options: NpmOptions) {
    this.#options = options;
  }

  /** Where a tenant's packages are. */
  packages(tenant: string): string {
    return join(this.#options.folder, tenant, "npm");
  }

  /** Throws an NpmError, or the signal's reason. */
  async resolve(
    tenant: string,
    specifiers: readonly string[],
    lock: Lock | null,
    signal: AbortSignal,
    onProgress: (what: string) => void,
  ): Promise<NpmTable> {
    if (specifiers.length === 0) return NO_PACKAGES;
    const sorted = specifiers.toSorted();
    const key = JSON.stringify([lock?.hash, sorted]);
    // Others that wait for the same ask for themselves if the first is aborted.
    return await this.#queue(tenant, async () => {
      const known = this.#tables.get(tenant)?.get(key);
      if (known) return known;
      signal.throwIfAborted();
      const told = setTimeout(
        () => onProgress(`Installing ${shownNames(sorted.map((name) => name.slice("npm:".length)))}`),
        this.#options.toldAfterMs,
      );
      try {
        const table = await this.#fetch(tenant, sorted, lock, signal);
        const tables = this.#tables.get(tenant) ?? new Map<string, NpmTable>();
        this.#tables.set(tenant, tables.set(key, table));
        return table;
      } finally {
        clearTimeout(told);
      }
    });
  }

  /** False: what the table tells of went for others, so what was read by it may not be whole. */
  isKept(tenant: string, table: NpmTable): boolean {
    if (Object.keys(table.packages).length === 0) return true;
    return this.#tables.get(tenant)?.values().some((kept) => kept === table) ?? false;
  }

  /** The tenant is no more, nor are its packages. */
  async forget(tenant: string): Promise<void> {
    await this.#queue(tenant, () => this.#empty(tenant));
  }

  async #empty(tenant: string): Promise<void> {
    this.#tables.delete(tenant);
    await removeAll(join(this.#options.folder, tenant));
  }

  #queue<T>(tenant: string, task: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(tenant) ?? Promise.resolve()).then(task);
    this.#last.set(tenant, turn.catch(() => {}));
    return turn;
  }

  /**
   * Where there is no room for them beside what is kept, that goes, with the versions that were chosen where no lock
   * says them: who needs it, or reads it still, asks for it again.
   */
  async #fetch(
    tenant: string,
    specifiers: readonly string[],
    lock: Lock | null,
    signal: AbortSignal,
    isEmptied = false,
  ): Promise<NpmTable> {
    try {
      return await this.#ask(tenant, specifiers, lock, signal);
    } catch (error) {
      if (!(error instanceof FolderFull)) throw error;
    }
    await this.#empty(tenant);
    if (!isEmptied) return await this.#fetch(tenant, specifiers, lock, signal, true);
    const mostMb = this.#options.mostBytes / MiB;
    throw new NpmError(specifiers, `with what they depend on they take more than ${mostMb} MB`);
  }

  async #ask(
    tenant: string,
    specifiers: readonly string[],
    lock: Lock | null,
    signal: AbortSignal,
  ): Promise<NpmTable> {
    const { deno, env, folder, timeoutMs, mostBytes } = this.#options;
    const cwd = join(folder, tenant);
    await Deno.mkdir(join(cwd, "npm"), { recursive: true });
    using bound = new FolderBound(cwd, mostBytes);
    const lockName = lock === null ? "chosen.lock" : `${lock.hash}.lock`;
    if (lock !== null) {
      await Deno.writeTextFile(join(cwd, lockName), lockText(specifiers, await Deno.readTextFile(lock.file)));
    }
    await Deno.writeTextFile(
      join(cwd, "imports.ts"),
      specifiers.map((name) => `import ${JSON.stringify(name)};\n`).join(""),
    );
    const { code, stdout, stderr } = await new Deno.Command(deno, {
      args: [
        "info",
        "--json",
        "--quiet",
        "--no-config",
        "--no-remote",
        "--node-modules-dir=none",
        `--lock=${lockName}`,
        "imports.ts",
      ],
      cwd,
      clearEnv: true,
      env: npmEnv(env, cwd),
      stdin: "null",
      signal: AbortSignal.any([signal, bound.signal, AbortSignal.timeout(timeoutMs)]),
    }).output();
    signal.throwIfAborted();
    await bound.check();
    if (code !== 0) throw unresolved(specifiers, new TextDecoder().decode(stderr));
    return tableOf(specifiers, JSON.parse(new TextDecoder().decode(stdout)));
  }
}

function lockText(specifiers: readonly string[], lock: string): string {
  try {
    return npmPartOf(lock);
  } catch (error) {
    throw new NpmError(specifiers, `deno.lock cannot be read: ${(error as Error).message}`);
  }
}

interface DenoInfo {
  readonly modules: readonly {
    readonly specifier: string;
    readonly error?: string;
    readonly dependencies?: readonly { readonly specifier: string; readonly npmPackage?: string }[];
  }[];
  readonly npmPackages: Readonly<Record<string, NpmPackage & { readonly localPath: string }>>;
}

function tableOf(specifiers: readonly string[], { modules, npmPackages }: DenoInfo): NpmTable {
  const failed = modules.find(({ error }) => error !== undefined);
  if (failed) throw unresolved(specifiers, failed.error!);
  const found = modules.flatMap(({ dependencies = [] }) => dependencies);
  const packageOf = new Map(found.map(({ specifier, npmPackage }) => [specifier, npmPackage]));
  const missing = specifiers.filter((specifier) => packageOf.get(specifier) === undefined);
  if (missing.length > 0) throw new NpmError(missing, "it was not found");
  return {
    specifiers: Object.fromEntries(specifiers.map((specifier) => [specifier, packageOf.get(specifier)!])),
    packages: Object.fromEntries(
      Object.entries(npmPackages).map(([id, { name, localPath, dependencies }]) => [
        id,
        { name, folder: localPath, dependencies },
      ]),
    ),
  };
}

/** The client's own words, less the paths of this machine, and the specifiers that they are about. */
function unresolved(specifiers: readonly string[], why: string): NpmError {
  const [first] = why.replace(/^error: /, "").split("\n");
  const text = first.replace(/\s+at file:.*$/, "").replace(/'[^']*\.lock'/, "deno.lock");
  const meant = specifiers.filter((specifier) => text.includes(`'${packageName(specifier)}'`));
  return new NpmError(meant.length > 0 ? meant : specifiers, text);
}

const packageName = (specifier: string): string => /^npm:((?:@[^/]+\/)?[^@/]+)/.exec(specifier)![1];
