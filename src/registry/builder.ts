import { join } from "node:path";
import type { Clock } from "../clock.ts";
import type { Store, VersionRow } from "../state/store.ts";
import { type Artifact, BuildError, type GuestLine, type Prepared, type Snapshot } from "../tiers/tier.ts";
import type { FunctionSettings, TierName } from "../types.ts";
import { packageIn } from "./bundle_importers.ts";
import type { BundleFacts, BundleProblem, NpmTable, Place } from "./bundle_wire.ts";
import type { BundleResult } from "./bundle_process.ts";
import type { Bundler } from "./bundler.ts";
import type { Inputs } from "./inputs.ts";
import { keepOwnFiles } from "./keep_own_files.ts";
import { NO_PACKAGES, type Npm, NpmError } from "./npm.ts";
import type { Root } from "./root.ts";
import { SettingsError } from "./settings.ts";
import type { Source } from "./sources.ts";
import type { SourceMaps } from "./source_map.ts";
import { cannotRun, type Tiers } from "./tier_choice.ts";
import { mountOf } from "./names.ts";
import { versionOf } from "./version.ts";
import { readModule } from "./wasi_source.ts";
import { explainLack } from "./wasm_lacks.ts";
import { BUNDLE, SOURCE_MAP, type VersionFolders } from "./version_folders.ts";

export interface BuilderOptions {
  readonly clock: Clock;
  readonly store: Pick<Store, "version">;
  readonly bundler: Bundler;
  readonly npm: Npm;
  readonly folders: VersionFolders;
  readonly maps: SourceMaps;
  readonly tiers: Tiers;
}

export interface BuildJob {
  readonly root: Root;
  readonly source: Source;
  readonly route: string;
  /** The version that the sources made last; nothing is made when they still make it. */
  readonly current: string | null;
  readonly signal: AbortSignal;
  /** Files that the build looked for: when one of them changes, it is to be done again. */
  readonly onWanted: (paths: ReadonlySet<string>) => void;
  /** It makes a new version. */
  readonly onNew: (version: string, tier: TierName) => void;
  readonly onLog: (version: string, line: GuestLine) => void;
}

export interface Built {
  readonly version: string;
  readonly inputs: Inputs;
  readonly settings: FunctionSettings;
  /** Null: the version is the current one. */
  readonly row: VersionRow | null;
  /** Null when the version was there already, and is read when it is first asked for. */
  readonly snapshot: Snapshot | null;
}

/** No tier of this server can run the function. */
export class Unavailable extends Error {
  override readonly name = "Unavailable";
}

const MOST_TRIES = 5;
const PROBLEMS_TOLD = 10;

/** From a function's source to a version in its place. */
export class Builder {
  readonly #options: BuilderOptions;

  constructor(options: BuilderOptions) {
    this.#options = options;
  }

  /** Throws a BuildError whose message has the place in the user's file, or Unavailable. */
  async build(job: BuildJob): Promise<Built> {
    const { root, source, signal } = job;
    const { clock, tiers, store, folders } = this.#options;
    const sinceMs = clock.monotonic();
    const id = { tenant: root.tenant, name: source.name };
    const { code, map, facts } = await this.#bundled(job);
    const inputs = inputsOf(root, source, facts);
    const settings = settingsOf(root, source, facts);
    const tier = tiers[settings.tier];
    if (tier.unavailable !== null) throw new Unavailable(cannotRun(`tier: "vm"`, tier.unavailable));
    const engine = tier.engineOf(source.language);
    const version = versionOf(source.file, inputs, settings, engine);
    if (version === job.current) return { version, inputs, settings, row: null, snapshot: null };
    job.onNew(version, settings.tier);

    const known = await store.version(id, version);
    if (known && await folders.isWhole(id, version)) return { version, inputs, settings, row: known, snapshot: null };

    const mount = mountOf(id, job.route);
    const artifact: Artifact = { id, version, settings, mount, language: source.language, file: BUNDLE, bundle: code };
    const prepared = await this.#prepare(artifact, map, facts.importers, job);
    signal.throwIfAborted();
    const row: VersionRow = {
      ...id,
      version,
      deployedAtMs: clock.now(),
      file: source.file,
      route: job.route,
      tier: settings.tier,
      kind: prepared.kind,
      settings: JSON.stringify(settings),
      inputs: JSON.stringify(inputs),
      engine,
      snapshotBytes: prepared.snapshotBytes,
      buildMs: Math.round(clock.monotonic() - sinceMs),
    };
    return { version, inputs, settings, row, snapshot: prepared.snapshot };
  }

  /** A WASI module has no map. */
  async #bundled(
    job: BuildJob,
  ): Promise<{ code: Uint8Array<ArrayBuffer>; map: Uint8Array | null; facts: BundleFacts }> {
    const { root, source, onWanted } = job;
    if (source.language !== "wasi") return await this.#bundle(job);
    onWanted(new Set([source.file]));
    return { ...await readModule(root, source), map: null };
  }

  async #bundle({ root, source, signal, onWanted }: BuildJob): Promise<BundleResult & { facts: BundleFacts }> {
    const { bundler, npm } = this.#options;
    if (root.denoProblem !== null) throw new BuildError(root.denoProblem);
    const place = { mirror: root.mirror.folder, packages: npm.packages(root.tenant) };
    let table = NO_PACKAGES;
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      signal.throwIfAborted();
      const result = await bundler.bundle(place, { entry: source.file, ...root.denoConfig, npm: table });
      const { wanted, missing, problems } = result.reply;
      onWanted(new Set([source.file, ...wanted]));
      if (problems.length > 0) throw failure(problems, root);
      if (missing.length > 0) {
        table = await this.#resolve(root, [...Object.keys(table.specifiers), ...missing]);
        continue;
      }
      const { facts } = result;
      if (facts && await isAsMirrored(root, facts)) return { ...result, facts };
    }
    throw new BuildError(`Cannot build ${source.file}: its files change all the time`);
  }

  /** A package that is not found is told of by the bundler, which knows where it is imported. */
  async #resolve(root: Root, specifiers: readonly string[]): Promise<NpmTable> {
    try {
      return await this.#options.npm.resolve(root.tenant, specifiers, root.lock);
    } catch (error) {
      if (!(error instanceof NpmError)) throw error;
      return { ...NO_PACKAGES, failed: Object.fromEntries(error.specifiers.map((name) => [name, error.message])) };
    }
  }

  async #prepare(
    artifact: Artifact,
    map: Uint8Array | null,
    importers: BundleFacts["importers"],
    { root, source, signal, onLog }: BuildJob,
  ): Promise<Prepared> {
    const { tiers, folders, maps } = this.#options;
    const draft = await folders.draft();
    let logged = Promise.resolve();
    const log = (line: GuestLine) => {
      logged = logged.then(async () =>
        onLog(artifact.version, { ...line, text: await maps.textOf(draft.folder, line.text) })
      );
    };
    try {
      if (map !== null) {
        await Deno.writeFile(join(draft.folder, BUNDLE), artifact.bundle);
        await Deno.writeFile(join(draft.folder, SOURCE_MAP), map);
      }
      await keepOwnFiles(root, source, draft.folder);
      const prepared = await tiers[artifact.settings.tier].prepare(artifact, draft.folder, log, signal);
      try {
        signal.throwIfAborted();
        prepared.snapshot.moved(await draft.commit(artifact.id, artifact.version));
      } catch (error) {
        await prepared.snapshot.dispose();
        throw error;
      }
      return prepared;
    } catch (error) {
      throw error instanceof BuildError ? await this.#placed(error, draft.folder, source.file, importers) : error;
    } finally {
      await logged;
      maps.forget(draft.folder);
      await draft.discard();
    }
  }

  /** Says where in the user's file a module failed, and with what stack. */
  async #placed(
    error: BuildError,
    folder: string,
    file: string,
    importers: BundleFacts["importers"],
  ): Promise<BuildError> {
    const { maps } = this.#options;
    const stack = error.stack_ === null ? null : await maps.textOf(folder, error.stack_);
    const place = error.place ?? await maps.placeOf(folder, `${error.message}\n${error.stack_ ?? ""}`);
    const importer = place && importers[packageIn(place.file) ?? ""];
    const message = explainLack(await maps.textOf(folder, error.message)) +
      (importer ? ` (${importer} imports the package)` : "");
    return new BuildError(place === null ? `${file}: ${message}` : placed(message, place), place, stack);
  }
}

function inputsOf(root: Root, source: Source, { files, mapped, packages, config }: BundleFacts): Inputs {
  return {
    files: { ...root.filesOf(source), ...files },
    mapped,
    compilerOptions: root.denoConfig.compilerOptions,
    packages,
    lock: packages.length > 0 ? root.lock?.hash ?? null : null,
    config: config?.value,
  };
}

/** Throws a BuildError with the place of the key. */
function settingsOf(root: Root, source: Source, { config }: BundleFacts): FunctionSettings {
  try {
    return root.settingsFor(source, config?.value);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    const place = config?.places[error.path[1] ?? ""] ?? config?.places[""] ?? null;
    throw new BuildError(placed(error.message, place), place);
  }
}

/** The mirror may have moved on while the child read it, and a copy in it may be damaged. */
async function isAsMirrored(root: Root, { files }: BundleFacts): Promise<boolean> {
  const { mirror } = root;
  const others = Object.keys(files).filter((path) => mirror.files.get(path)?.hash !== files[path]);
  if (others.length === 0) return true;
  mirror.distrust(others);
  await root.look(others);
  return false;
}

function failure(problems: readonly BundleProblem[], root: Root): BuildError {
  const [first] = problems;
  // The mirror leaves out what is no plain file, and knows why.
  const messages = problems.slice(0, PROBLEMS_TOLD).map(({ message, place }) => {
    const why = message.replace(/there is no file (.+)$/, (all, path) => root.mirror.refusal(path) ?? all);
    return placed(why, place) + (why.includes("deno.json does not map it") ? uncounted(root, place) : "");
  });
  // The first line is what a list has room for.
  if (problems.length > 1) messages[0] += ` (and ${problems.length - 1} more)`;
  if (problems.length > messages.length) messages.push(`... and ${problems.length - messages.length} more`);
  return new BuildError(messages.join("\n"), first.place);
}

/** Other tools would read what lies nearer to the file. */
function uncounted({ mirror }: Root, place: Place | null): string {
  const parts = place?.file.split("/").slice(0, -1) ?? [];
  for (; parts.length > 0; parts.pop()) {
    const folder = parts.join("/");
    const other = ["deno.json", "deno.jsonc", "package.json"].find((name) => mirror.files.has(`${folder}/${name}`));
    if (other !== undefined) return ` (${folder}/${other} does not count)`;
  }
  return "";
}

function placed(message: string, place: Place | null): string {
  return place === null ? message : `${place.file}:${place.line}:${place.column}: ${message}`;
}
