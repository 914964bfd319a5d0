import type { Clock } from "../clock.ts";
import { MayflyError } from "../errors.ts";
import { isLoopbackDestination } from "../host/egress/destination.ts";
import { LIMITS } from "../limits.ts";
import type { DeployEvent, Events } from "../observe/events.ts";
import type { FunctionRow, Store, VersionRow } from "../state/store.ts";
import { BuildError, PassingError } from "../tiers/tier.ts";
import { type LogLevel, qualifiedName, type TierName } from "../types.ts";
import type { Builder, Built } from "./builder.ts";
import type { Catalog } from "./catalog.ts";
import type { Deployment } from "./function.ts";
import { type Current, currentOf, deploymentOf, type Managed } from "./managed.ts";
import type { Retries } from "./retries.ts";
import type { Root } from "./root.ts";
import type { Snapshots } from "./snapshots.ts";
import { defaultTier, engineFor, missingTier, type Tiers, Unavailable } from "./tier_choice.ts";
import type { VersionFolders } from "./version_folders.ts";

export interface DeploysOptions {
  readonly clock: Clock;
  readonly events: Events;
  readonly store: Store;
  readonly catalog: Catalog;
  readonly builder: Builder;
  readonly snapshots: Snapshots;
  readonly folders: VersionFolders;
  readonly tiers: Tiers;
  /** Of builds that failed for nothing that their sources say. */
  readonly retries: Retries<Managed>;
}

const TRIED_AGAIN = "it is tried again by itself";

/** Puts versions in the place of others: one transaction of the store, one assignment in memory. */
export class Deploys {
  readonly #options: DeploysOptions;
  /** Of a function, one thing changes what serves at a time. */
  readonly #last = new WeakMap<Managed, Promise<unknown>>();

  constructor(options: DeploysOptions) {
    this.#options = options;
  }

  /** Never rejects. */
  async deploy(managed: Managed, root: Root, signal: AbortSignal): Promise<void> {
    try {
      const problem = this.#options.catalog.takeRoute(managed);
      if (problem !== null) throw new BuildError(problem);
      const missing = missingTier(this.#options.tiers, managed.tenant, managed.source);
      if (missing !== null) throw new Unavailable(missing);
      const built = await this.#options.builder.build({
        root,
        source: managed.source,
        route: managed.entry.route,
        current: managed.current?.version ?? null,
        signal,
        onWanted: (paths) => managed.wanted = paths,
        onProgress: (what) => this.#progress(managed, what),
        onNew: (version, tier) => this.#tell(managed, "building", { version, tier }),
        onLog: (version, { level, text }) => this.#log(managed, version, level, text),
      });
      const { row } = built;
      if (row) await this.#inTurn(managed, () => this.#activateBuilt(managed, built, row, signal));
      else await this.#settle(managed, built);
      this.#options.retries.forget(managed);
    } catch (error) {
      // What changed meanwhile is built next.
      if (!signal.aborted) await this.#failed(managed, error);
    }
  }

  /** Serves another version until the sources change; without a name, the one before. */
  async rollback(managed: Managed, asked: string | null): Promise<string> {
    return await this.#inTurn(managed, () => this.#rollback(managed, asked));
  }

  /** The function is no more, nor are its versions. */
  async remove(managed: Managed): Promise<void> {
    await this.#inTurn(managed, () => this.#remove(managed));
  }

  async #rollback(managed: Managed, asked: string | null): Promise<string> {
    const { store, folders, tiers } = this.#options;
    const { entry } = managed;
    const name = qualifiedName(entry.id);
    const rows = await store.versions(entry.id);
    const target = asked === null ? versionBefore(rows, entry.active, name) : versionCalled(rows, asked, name);
    if (target.version === entry.active?.version) return target.version;
    if (target.engine !== engineFor(tiers, target)) {
      throw new MayflyError("not_found", `Cannot roll back ${name}: version ${target.version} is of another engine`);
    }
    if (!await folders.isWhole(entry.id, target.version)) {
      throw new MayflyError(
        "not_found",
        `Cannot roll back ${name}: the files of version ${target.version} are damaged`,
      );
    }
    const made = managed.current?.version ?? null;
    await this.#activate(managed, target, deploymentOf(target), target.version === made ? null : made, "rollback");
    return target.version;
  }

  async #remove(managed: Managed): Promise<void> {
    const { store, folders, events, clock, snapshots, retries } = this.#options;
    const { entry } = managed;
    retries.forget(managed);
    const { active } = entry;
    entry.active = null;
    await store.removeFunction(entry.id);
    await snapshots.retire(active);
    await folders.removeFunction(entry.id);
    events.emit({ type: "removed", atMs: clock.now(), id: entry.id });
  }

  #inTurn<T>(managed: Managed, task: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(managed) ?? Promise.resolve()).then(task);
    this.#last.set(managed, turn.catch(() => {}));
    return turn;
  }

  /** The sources make what they made before. */
  async #settle(managed: Managed, { version, inputs, settings }: Built): Promise<void> {
    await this.restore(managed, { version, inputs, settings: JSON.stringify(settings) });
  }

  /** Takes back an error of sources that are gone again. */
  async restore(managed: Managed, current: Current): Promise<void> {
    const { entry } = managed;
    managed.current = current;
    const hadError = entry.error !== null;
    Object.assign(entry, { state: "ready", error: null, unavailable: null });
    if (!hadError) return;
    await this.#options.store.putFunction(managed.row(this.#options.clock.now()));
    this.#tell(managed, "ready", {});
  }

  async #activateBuilt(managed: Managed, built: Built, row: VersionRow, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return await built.snapshot?.dispose();
    const deployment = { ...deploymentOf(row), snapshot: built.snapshot };
    const deployedAtMs = this.#options.clock.now();
    const how = built.snapshot === null ? "again" : "built";
    await this.#activate(
      managed,
      { ...row, deployedAtMs, inputs: JSON.stringify(built.inputs) },
      deployment,
      null,
      how,
    );
    managed.current = currentOf(row);
    this.#warnOfLoopback(managed, built);
  }

  #warnOfLoopback({ entry }: Managed, { settings: { tier, net } }: Built): void {
    const own = tier === "vm" && Array.isArray(net) ? net.find(isLoopbackDestination) : undefined;
    if (own === undefined) return;
    const { events, clock } = this.#options;
    const message = `${qualifiedName(entry.id)}: net names ${own}, which in a microVM is the microVM itself: ` +
      "name the address that the service has on this machine's network";
    events.emit({ type: "server", atMs: clock.now(), level: "warn", message });
  }

  async #activate(
    managed: Managed,
    row: VersionRow,
    deployment: Deployment,
    rolledBackFrom: string | null,
    how: DeployEvent["how"],
  ): Promise<void> {
    const { store, snapshots, clock } = this.#options;
    const { entry } = managed;
    const functionRow: FunctionRow = {
      ...managed.row(clock.now()),
      activeVersion: row.version,
      rolledBackFrom,
      error: null,
    };
    try {
      await store.activate(functionRow, row);
    } catch (error) {
      await deployment.snapshot?.dispose();
      throw error;
    }
    const before = entry.active;
    Object.assign(entry, { active: deployment, rolledBackFrom, state: "ready", error: null, unavailable: null });
    // Only of a build that was made now is the time that it took worth telling.
    const { version, tier, buildMs } = row;
    this.#tell(managed, "ready", { version, tier, how, buildMs: how === "built" ? buildMs : undefined });
    try {
      await snapshots.retire(before);
      await this.#prune(managed);
    } catch (error) {
      // The new version serves all the same.
      this.#report(`Cannot clean up after ${qualifiedName(entry.id)}`, error);
    }
  }

  async #prune({ entry }: Managed): Promise<void> {
    const { store, folders } = this.#options;
    const needed = [entry.active?.version, entry.rolledBackFrom];
    const others = (await store.versions(entry.id)).filter(({ version }) => !needed.includes(version));
    const kept = LIMITS.versionsKept - needed.filter((version) => version != null).length;
    const old = others.slice(kept).map(({ version }) => version);
    if (old.length === 0) return;
    await store.removeVersions(entry.id, old);
    for (const version of old) await folders.remove(entry.id, version);
  }

  /** The old version serves on. */
  async #failed(managed: Managed, error: unknown): Promise<void> {
    const { store, clock, retries } = this.#options;
    const { entry } = managed;
    const unavailable = error instanceof Unavailable ? error.message : null;
    const isFinal = error instanceof BuildError || unavailable !== null;
    const message = messageOf(error);
    const isNews = isFinal || message !== entry.error;
    Object.assign(entry, { state: "failed", error: message, unavailable });
    if (isFinal) retries.forget(managed);
    else if (retries.failed(managed) || isNews) this.#report(`Cannot build ${qualifiedName(entry.id)}`, error);
    const stack = error instanceof BuildError && error.stack_ !== null ? `\n${error.stack_}` : "";
    if (isNews) this.#tell(managed, "failed", { error: message + stack });
    try {
      await store.putFunction(managed.row(clock.now()));
    } catch (error) {
      this.#report(`Cannot save how the build of ${qualifiedName(entry.id)} ended`, error);
    }
  }

  #progress({ id }: Managed, what: string): void {
    const { events, clock } = this.#options;
    events.emit({ type: "server", atMs: clock.now(), level: "info", message: `${what} for ${qualifiedName(id)}` });
  }

  #report(message: string, error: unknown): void {
    const { events, clock } = this.#options;
    const detail = error instanceof Error ? error.stack : `${error}`;
    events.emit({ type: "server", atMs: clock.now(), level: "error", message, detail });
  }

  #tell(
    { entry, tenant, source }: Managed,
    state: DeployEvent["state"],
    facts: { version?: string; tier?: TierName; buildMs?: number; error?: string; how?: DeployEvent["how"] },
  ): void {
    const { events, clock } = this.#options;
    const { id, route, active } = entry;
    events.emit({
      type: "deploy",
      atMs: clock.now(),
      id,
      state,
      version: facts.version ?? active?.version ?? null,
      route,
      tier: facts.tier ?? defaultTier(tenant, source),
      kind: active?.kind ?? null,
      buildMs: facts.buildMs ?? null,
      why: active?.why ?? null,
      ...(facts.how && { how: facts.how }),
      error: facts.error ?? null,
    });
  }

  #log({ entry }: Managed, version: string, level: LogLevel, text: string): void {
    const { events, clock } = this.#options;
    events.emit({ type: "log", atMs: clock.now(), id: entry.id, version, requestId: null, level, text });
  }
}

/** What whoever deploys is told. */
function messageOf(error: unknown): string {
  if (error instanceof BuildError || error instanceof Unavailable) return error.message;
  if (error instanceof PassingError) return `${error.message}; ${TRIED_AGAIN}`;
  return `The server failed; its log has the cause; ${TRIED_AGAIN}`;
}

/** `rows` begin with the one that was deployed last. */
function versionBefore(rows: readonly VersionRow[], active: Deployment | null, name: string): VersionRow {
  const at = rows.findIndex(({ version }) => version === active?.version);
  if (at + 1 < rows.length) return rows[at + 1];
  const what = active ? `${active.version}, which serves, is the oldest version that is kept` : "it has no version";
  throw new MayflyError("not_found", `Cannot roll back ${name}: ${what}`);
}

/** The beginning of a version's name will do where no other begins so. */
function versionCalled(rows: readonly VersionRow[], asked: string, name: string): VersionRow {
  const meant = asked === "" ? [] : rows.filter(({ version }) => version.startsWith(asked));
  if (meant.length === 1) return meant[0];
  if (meant.length === 0) throw new MayflyError("not_found", `Cannot roll back ${name}: it has no version ${asked}`);
  const all = meant.map(({ version }) => version).join(", ");
  throw new MayflyError("bad_request", `Cannot roll back ${name}: ${asked} may be any of ${all}`);
}
