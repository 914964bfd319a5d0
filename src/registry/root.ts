import { suggest } from "../suggest.ts";
import type { MirrorRow, Store } from "../state/store.ts";
import { type FunctionSettings, HOME, type TierName } from "../types.ts";
import { type DenoConfig, NO_DENO_CONFIG, parseDenoConfig } from "./deno_config.ts";
import { type Inputs, isCurrent, type RootState } from "./inputs.ts";
import { type Manifest, NO_MANIFEST, parseManifest } from "./manifest.ts";
import { Mirror, type MirrorFs } from "./mirror.ts";
import type { MirrorRoom } from "./mirror_room.ts";
import { mirroredBytes } from "./mirrored_bytes.ts";
import { findNotExecutable } from "./not_executable.ts";
import type { Lock } from "./npm.ts";
import { isVisible } from "./scan.ts";
import { functionSettings, type TenantCaps } from "./settings.ts";
import { findSources, type Found, type Source } from "./sources.ts";
import { defaultTier } from "./tier_choice.ts";

export interface RootOptions {
  readonly tenant: string;
  /** The functions folder, or an @ folder in it. */
  readonly folder: string;
  readonly mirrorFolder: string;
  readonly fs: MirrorFs;
  readonly store: Pick<Store, "putMirror">;
  readonly rows: readonly MirrorRow[];
  readonly room: MirrorRoom;
  /** Of the home tenant's mayfly.json; the home root is asked about its own, before it is in force. */
  readonly capsOf: (home: Manifest | null) => TenantCaps;
  readonly tell: (level: "info" | "warn" | "error", message: string) => void;
  /** The file that a function is made from so far. */
  readonly fileOf: (name: string) => string | null;
}

/** What a look has shown. */
export interface RootChange {
  readonly changed: ReadonlySet<string>;
  readonly unsettled: readonly string[];
  /** Settings or imports of any function may be others now. */
  readonly reconfigured: boolean;
  /** Set when functions may have come or gone. */
  readonly found: Found | null;
}

const MANIFEST = "mayfly.json";
const DENO_CONFIG = "deno.json";
const LOCK = "deno.lock";
/** Of each kind. */
const WARNINGS_TOLD = 10;

/** The files of one tenant: their mirror, and what its configuration files make of them. */
export class Root {
  readonly mirror: Mirror;
  readonly tenant: string;
  /** The last one that was right. */
  manifest: Manifest = NO_MANIFEST;
  denoConfig: DenoConfig = NO_DENO_CONFIG;
  /** What is wrong with deno.json: no build can go on with it. */
  denoProblem: string | null = null;
  /** What is wrong with mayfly.json. */
  #manifestProblem: string | null = null;
  /** What is probably not meant so: settings of no function, programs that cannot be run, files without room. */
  #warnings: readonly string[] = [];
  readonly #options: RootOptions;
  #looking: Promise<unknown> = Promise.resolve();
  #looked = false;

  constructor(options: RootOptions) {
    const { tenant, folder, mirrorFolder, fs, rows, room } = options;
    this.#options = options;
    this.tenant = tenant;
    const isTenant = (name: string, top: boolean) => tenant === HOME && top && name.startsWith("@");
    this.mirror = new Mirror({
      tenant,
      root: folder,
      folder: mirrorFolder,
      fs,
      rows,
      room,
      // It says how much room there is.
      ...(tenant === HOME && { needed: MANIFEST }),
      wanted: (name, top) => isVisible(name, top) && !isTenant(name, top),
    });
  }

  /** One after the other. */
  async look(below: readonly string[]): Promise<RootChange> {
    const look = this.#looking.then(() => this.#look(below));
    this.#looking = look.catch(() => {});
    return await look;
  }

  /** What a build has read of these files is not what it was to read: a look is under way, or their copies are damaged. */
  async lookAgain(paths: readonly string[]): Promise<void> {
    // Whoever looks now tells all functions what changed: nothing is copied before that is done.
    await this.#looking;
    const { mirror } = this;
    const damaged: string[] = [];
    for (const path of paths) {
      await mirroredBytes(mirror, path, mirror.files.get(path)?.hash).catch(() => damaged.push(path));
    }
    mirror.distrust(damaged);
    await this.look(damaged);
  }

  /** What is wrong with its configuration files, as an operator is told. */
  get problems(): string[] {
    const ofDeno = this.denoProblem &&
      `${sentence(this.#named(this.denoProblem))} Nothing that imports can be built with it`;
    return [this.#manifestProblem, ofDeno, ...this.#warnings].filter((problem) => problem !== null);
  }

  get lock(): Lock | null {
    const file = this.mirror.files.get(LOCK);
    return file ? { file: this.mirror.pathOf(LOCK), hash: file.hash } : null;
  }

  /** Whether the sources still make the version that was made of these inputs. */
  isCurrent(source: Source, inputs: Inputs, settings: string): boolean {
    return isCurrent(inputs, settings, this.#stateFor(source)) &&
      Object.keys(this.filesOf(source)).every((path) => Object.hasOwn(inputs.files, path));
  }

  /** All files of a function that is a folder, with their hashes. */
  filesOf({ folder }: Source): Record<string, string> {
    if (folder === null) return {};
    const files = [...this.mirror.files].filter(([path]) => path.startsWith(`${folder}/`));
    return Object.fromEntries(files.map(([path, { hash }]) => [path, hash]));
  }

  /** The root as it is now, for one function. */
  #stateFor(source: Source): RootState {
    const { importMap, compilerOptions } = this.denoConfig;
    return {
      importMap,
      compilerOptions,
      lock: this.lock?.hash ?? null,
      hashOf: (path) => this.mirror.files.get(path)?.hash,
      settingsFor: (config, lack) => this.settingsFor(source, config, lack),
    };
  }

  /** Where a function runs, as far as is known without its code. */
  tierFor(source: Source): TierName {
    const named = this.manifest.overridesFor(source.name).findLast(({ tier }) => tier !== undefined)?.tier;
    return named as TierName | undefined ?? defaultTier(this.tenant, source);
  }

  /** `lack` is what it uses that the Wasm tier does not have. Throws a SettingsError. */
  settingsFor(source: Source, config: unknown, lack: string | undefined): FunctionSettings {
    return functionSettings({
      code: config,
      overrides: this.manifest.overridesFor(source.name),
      caps: this.#options.capsOf(null),
      home: this.tenant === HOME,
      tier: lack === undefined ? defaultTier(this.tenant, source) : "vm",
    });
  }

  async #look(below: readonly string[]): Promise<RootChange> {
    const looks = [];
    for (const path of below) looks.push(await this.mirror.look(path));
    const put = looks.flatMap(({ put }) => put);
    const remove = looks.flatMap(({ remove }) => remove);
    if (put.length > 0 || remove.length > 0) await this.#options.store.putMirror(put, remove);
    const changed = new Set(looks.flatMap(({ changed }) => [...changed]));
    const isFirst = !this.#looked;
    this.#looked = true;
    const concerns = (path: string) => isFirst || changed.has(path);
    const reconfigured = [
      concerns(MANIFEST) && await this.#readManifest(isFirst),
      concerns(DENO_CONFIG) && await this.#readDenoConfig(),
      concerns(LOCK),
    ].some(Boolean);
    const reshaped = reconfigured || looks.some(({ reshaped }) => reshaped);
    return {
      changed,
      unsettled: looks.flatMap(({ unsettled }) => unsettled),
      reconfigured,
      found: isFirst || reshaped ? await this.#findSources() : null,
    };
  }

  async #findSources(): Promise<Found> {
    const { files, refused } = this.mirror;
    const { sources, doubles } = await findSources({
      paths: [...files.keys(), ...refused.keys()],
      isProgram: (path) => files.get(path)?.program ?? false,
      runs: this.manifest.runs,
      fileOf: this.#options.fileOf,
    });
    this.#warn([...this.#unused([...sources.keys()]), ...await this.#notExecutable(sources), ...this.#notCopied()]);
    const readable = new Map(sources);
    for (const [name, source] of sources) {
      const why = refused.get(source.file);
      if (why !== undefined) readable.set(name, { ...source, problem: `Cannot read ${source.file}: ${why}` });
    }
    return { sources: readable, doubles };
  }

  #warn(warnings: readonly string[]): void {
    for (const message of warnings) if (!this.#warnings.includes(message)) this.#options.tell("warn", message);
    this.#warnings = warnings;
  }

  async #notExecutable(sources: Found["sources"]): Promise<string[]> {
    const found = await findNotExecutable(this.mirror, sources);
    return found.slice(0, WARNINGS_TOLD).map((path) => {
      const place = this.#named(path);
      return `${place}: It is a program for Linux, but not executable: chmod +x ${place}`;
    });
  }

  #notCopied(): string[] {
    const { short, refused } = this.mirror;
    return [...short].slice(0, WARNINGS_TOLD).map((path) =>
      this.#named(`${path}: Cannot read it: ${refused.get(path)}`)
    );
  }

  /** A name that is written wrong would be settings that nobody misses. */
  #unused(names: readonly string[]): string[] {
    return this.manifest.patterns.filter(({ matches }) => !names.some(matches)).slice(0, WARNINGS_TOLD)
      .map(({ pattern, place }) => {
        const meant = suggest(pattern, names);
        const question = meant === null ? "" : `; did you mean ${meant}?`;
        return this.#named(`${place}: The settings of ${pattern} are used by no function${question}`);
      });
  }

  /** True: another one is in force. */
  async #readManifest(isFirst: boolean): Promise<boolean> {
    try {
      const { server } = this.manifest;
      const text = await this.#text(MANIFEST);
      const capsOf = (manifest: Manifest) => this.#options.capsOf(manifest);
      this.manifest = text === null ? NO_MANIFEST : parseManifest(text, this.tenant, capsOf);
      this.#manifestProblem = null;
      if (!isFirst && JSON.stringify(server) !== JSON.stringify(this.manifest.server)) {
        this.#options.tell("info", `${MANIFEST}: The change of "server" takes effect at the next start`);
      }
      return true;
    } catch (error) {
      this.#manifestProblem = `${sentence(this.#named(error))} The settings from before stay in force`;
      this.#options.tell("error", this.#manifestProblem);
      return false;
    }
  }

  async #readDenoConfig(): Promise<boolean> {
    try {
      const text = await this.#text(DENO_CONFIG);
      this.denoConfig = text === null ? NO_DENO_CONFIG : parseDenoConfig(text);
      this.denoProblem = null;
    } catch (error) {
      this.denoProblem = error instanceof Error ? error.message : `${error}`;
      this.#options.tell("error", `${sentence(this.#named(error))} Nothing that imports can be built with it`);
    }
    return true;
  }

  /** Null when there is no such file. Throws when it is no plain one. */
  async #text(path: string): Promise<string | null> {
    const why = this.mirror.refused.get(path);
    if (why !== undefined) throw new Error(`${path}: Cannot read it: ${why}`);
    return this.mirror.files.has(path) ? await Deno.readTextFile(this.mirror.pathOf(path)) : null;
  }

  /** With the name of the tenant's folder before the file's. */
  #named(error: unknown): string {
    const text = error instanceof Error ? error.message : `${error}`;
    return this.tenant === HOME ? text : `@${this.tenant}/${text}`;
  }
}

/** A message may end with a question. */
const sentence = (text: string): string => text.endsWith("?") ? text : `${text}.`;
