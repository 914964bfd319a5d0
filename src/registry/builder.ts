import { join } from "node:path";
import type { Clock } from "../clock.ts";
import type { Store, VersionRow } from "../state/store.ts";
import { type Artifact, BuildError, FILES, type GuestLine, type Prepared, type Snapshot } from "../tiers/tier.ts";
import type { FunctionSettings, TierName } from "../types.ts";
import type { DiskRoom } from "./disk_room.ts";
import type { Inputs } from "./inputs.ts";
import { mountOf } from "./names.ts";
import { FileChanged } from "./mirrored_bytes.ts";
import { placed } from "./placed.ts";
import type { Program, ProgramMakers } from "./program.ts";
import { removeAll } from "./remove_all.ts";
import type { Root } from "./root.ts";
import { SettingsError } from "./settings.ts";
import type { Source } from "./sources.ts";
import type { SourceMaps } from "./source_map.ts";
import { defaultTier, type Tiers, Unavailable, unavailableFor } from "./tier_choice.ts";
import { versionOf } from "./version.ts";
import type { VersionFolders } from "./version_folders.ts";
import { lackIn } from "./wasm_lacks.ts";

export interface BuilderOptions {
  readonly clock: Clock;
  readonly store: Pick<Store, "version">;
  readonly makers: ProgramMakers;
  readonly folders: VersionFolders;
  readonly room: DiskRoom;
  readonly maps: SourceMaps;
  readonly tiers: Tiers;
}

const MOST_TRIES = 5;

export interface BuildJob {
  readonly root: Root;
  readonly source: Source;
  readonly route: string;
  /** The version that the sources made last; nothing is made when they still make it. */
  readonly current: string | null;
  readonly signal: AbortSignal;
  /** Files that the build looked for: when one of them changes, it is to be done again. */
  readonly onWanted: (paths: ReadonlySet<string>) => void;
  /** Something takes a while: whoever waits is told what. */
  readonly onProgress: (what: string) => void;
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

/** From a function's source to a version in its place. */
export class Builder {
  readonly #options: BuilderOptions;

  constructor(options: BuilderOptions) {
    this.#options = options;
  }

  /** Throws a BuildError whose message has the place in the user's file, or Unavailable. */
  async build(job: BuildJob): Promise<Built> {
    const { root, source, signal } = job;
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      try {
        return await this.#buildForEither(job);
      } catch (error) {
        if (!(error instanceof FileChanged)) throw error;
        signal.throwIfAborted();
        // An editor that saves twice is no failure.
        await root.lookAgain([error.path]);
      }
    }
    throw new BuildError(`Cannot build ${source.file}: its files change all the time`);
  }

  async #buildForEither(job: BuildJob): Promise<Built> {
    try {
      return await this.#buildFor(job, null);
    } catch (error) {
      const lack = error instanceof BuildError ? lackIn(error.message) : null;
      if (lack === null || !mayMove(job)) throw error;
      return await this.#buildFor(job, { name: lack, error: error as BuildError });
    }
  }

  /** `lack` is why it cannot be built for the Wasm tier. */
  async #buildFor(job: BuildJob, lack: { name: string; error: BuildError } | null): Promise<Built> {
    const { root, source, signal } = job;
    const { clock, tiers, store, folders } = this.#options;
    const sinceMs = clock.monotonic();
    const id = { tenant: root.tenant, name: source.name };
    const { program, settings } = await this.#chosen(job, lack?.name);
    const { tier } = settings;
    if (lack && tier === "wasm") throw lack.error;
    await tiers[tier].opening;
    const missing = unavailableFor(tiers, root.tenant, source, settings, lack?.error.message);
    if (missing !== null) throw new Unavailable(missing);
    const engine = tiers[tier].engineOf(source.language);
    const inputs: Inputs = {
      ...program.made,
      config: program.config?.value,
      ...(lack && { lack: lack.name }),
    };
    const version = versionOf(source.file, inputs, settings, engine);
    if (version === job.current) return { version, inputs, settings, row: null, snapshot: null };
    job.onNew(version, tier);

    const known = await store.version(id, version);
    if (known && await folders.isWhole(id, version)) return { version, inputs, settings, row: known, snapshot: null };

    const mount = mountOf(id, job.route);
    const { language } = source;
    const artifact: Artifact = { id, version, settings, mount, language, run: settings.run, ...program.parts };
    const prepared = await this.#prepare(artifact, program, job);
    signal.throwIfAborted();
    const row: VersionRow = {
      ...id,
      version,
      deployedAtMs: clock.now(),
      file: source.file,
      route: job.route,
      tier,
      kind: prepared.kind,
      settings: JSON.stringify(settings),
      inputs: JSON.stringify(inputs),
      engine,
      snapshotBytes: prepared.snapshotBytes,
      buildMs: Math.round(clock.monotonic() - sinceMs),
    };
    return { version, inputs, settings, row, snapshot: prepared.snapshot };
  }

  /** The tier may be named in the code, which is known once its program is made, for the one or the other. */
  async #chosen(
    { root, source, signal, onWanted, onProgress }: BuildJob,
    lack: string | undefined,
  ): Promise<{ program: Program; settings: FunctionSettings }> {
    const maker = this.#options.makers[source.language];
    let tier = lack === undefined ? root.tierFor(source) : "vm";
    for (;;) {
      const program = await maker.make({ root, source, tier, signal, onWanted, onProgress });
      const settings = settingsOf(root, source, program, lack);
      if (settings.tier === tier) return { program, settings };
      // A program for the VM tier that says "wasm" in its code is not made again: it lacks something there.
      if (lack !== undefined) return { program, settings };
      tier = settings.tier;
    }
  }

  async #prepare(artifact: Artifact, program: Program, { signal, onLog }: BuildJob): Promise<Prepared> {
    const { tiers, folders, room, maps } = this.#options;
    const draft = await folders.draft();
    let logged = Promise.resolve();
    const log = (line: GuestLine) => {
      logged = logged.then(async () =>
        onLog(artifact.version, { ...line, text: await maps.textOf(draft.folder, line.text) })
      );
    };
    try {
      await program.stage(draft.folder);
      const prepared = await tiers[artifact.settings.tier].prepare(artifact, draft.folder, log, signal);
      try {
        signal.throwIfAborted();
        await removeAll(join(draft.folder, FILES));
        const { id, version } = artifact;
        prepared.snapshot.moved(await room.admit(id, draft.folder, () => draft.commit(id, version)));
      } catch (error) {
        await prepared.snapshot.dispose();
        throw error;
      }
      return prepared;
    } catch (error) {
      throw error instanceof BuildError ? await program.explain(error, draft.folder) : error;
    } finally {
      await logged;
      maps.forget(draft.folder);
      await draft.discard();
    }
  }
}

/** A function of the home tenant that the Wasm tier cannot run, and that is no program of another kind. */
function mayMove({ root, source }: BuildJob): boolean {
  return source.language === "js" && defaultTier(root.tenant, source) === "wasm";
}

/** Throws a BuildError with the place of the key. */
function settingsOf(root: Root, source: Source, { config }: Program, lack: string | undefined): FunctionSettings {
  try {
    return root.settingsFor(source, config?.value, lack);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    const place = config?.places[error.path[1] ?? ""] ?? config?.places[""] ?? null;
    throw new BuildError(placed(error.message, place), place);
  }
}
