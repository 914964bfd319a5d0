import { join } from "node:path";
import type { Clock } from "../clock.ts";
import { MayflyError } from "../errors.ts";
import type { Events } from "../observe/events.ts";
import type { FunctionRow, Store, VersionRow } from "../state/store.ts";
import type { Snapshot, Tier } from "../tiers/tier.ts";
import { type FunctionId, HOME, type NetPolicy, qualifiedName } from "../types.ts";
import { BuildQueue } from "./build_queue.ts";
import { Builder } from "./builder.ts";
import type { Bundler } from "./bundler.ts";
import { Catalog } from "./catalog.ts";
import { Deploys } from "./deploys.ts";
import { DiskRoom } from "./disk_room.ts";
import { excerptOf } from "./excerpt.ts";
import { Follower } from "./follower.ts";
import type { Deployment, FunctionEntry, Functions, RouteMatch, SourceExtent } from "./function.ts";
import { JsPrograms } from "./js_program.ts";
import { currentOf, deploymentOf, Managed } from "./managed.ts";
import { capFor } from "./manifest.ts";
import type { MirrorFs } from "./mirror.ts";
import { NativePrograms } from "./native_program.ts";
import type { Npm } from "./npm.ts";
import { type PythonParts, PythonPrograms } from "./python_program.ts";
import { extentOf, removeSource } from "./remove_source.ts";
import { Retries } from "./retries.ts";
import { Roots } from "./roots.ts";
import { type ServerSettings, serverSettings } from "./server_settings.ts";
import { Snapshots } from "./snapshots.ts";
import { SourceMaps } from "./source_map.ts";
import { engineFor, type Tiers } from "./tier_choice.ts";
import { VersionFolders } from "./version_folders.ts";
import { WasiPrograms } from "./wasi_program.ts";
import { Watcher, type WatcherOptions } from "./watcher.ts";

export interface RegistryOptions {
  /** Where users drop their functions. */
  readonly functions: string;
  /** For mirrors and versions; the registry's own. */
  readonly data: string;
  readonly clock: Clock;
  readonly events: Events;
  readonly store: Store;
  readonly fs: MirrorFs;
  readonly bundler: Bundler;
  readonly npm: Npm;
  readonly python: PythonParts;
  readonly tiers: Tiers;
  /** Builds at once. */
  readonly builds: number;
  readonly times?: WatcherOptions["times"];
}

/** Many times what the build of a large function takes. */
const BUILD_PATIENCE_MS = 1000;

/** What is deployed, and how it follows what is in the functions folder. */
export class Registry implements Functions, AsyncDisposable {
  readonly #options: RegistryOptions;
  readonly #catalog = new Catalog();
  readonly #folders: VersionFolders;
  readonly #maps = new SourceMaps();
  readonly #snapshots: Snapshots;
  readonly #deploys: Deploys;
  readonly #queue: BuildQueue<Managed>;
  readonly #retries: Retries<Managed>;
  readonly #roots: Roots;
  readonly #follower: Follower;
  #watcher: Watcher | null = null;

  constructor(options: RegistryOptions) {
    const { data, tiers, builds } = options;
    this.#options = options;
    this.#folders = new VersionFolders(join(data, "versions"));
    this.#snapshots = new Snapshots(tiers, this.#folders);
    const shared = { ...options, folders: this.#folders, catalog: this.#catalog };
    const makers = {
      js: new JsPrograms({ ...options, maps: this.#maps }),
      wasi: new WasiPrograms(),
      python: new PythonPrograms(options.python),
      native: new NativePrograms(options.python.packages),
    };
    const room = new DiskRoom({
      ...shared,
      tenants: () => [HOME, ...this.#roots.tenants],
      mirrorBytesOf: (tenant) => this.#roots.mirrorBytesOf(tenant),
      diskMbOf: (tenant) => capFor(this.#roots.home, tenant, "diskMb"),
      dataMb: () => serverSettings(this.#roots.home.server, 0).dataMb,
    });
    const builder = new Builder({ ...shared, makers, room, maps: this.#maps });
    this.#retries = new Retries((managed) => this.#again(managed));
    const deploys = new Deploys({ ...shared, builder, snapshots: this.#snapshots, retries: this.#retries });
    const deploy = (managed: Managed, signal: AbortSignal) =>
      deploys.deploy(managed, this.#roots.of(managed.tenant), signal);
    this.#queue = new BuildQueue({ most: builds, patienceMs: BUILD_PATIENCE_MS }, deploy);
    this.#roots = new Roots({ ...shared, roomOf: (tenant) => ({ grow: (bytes) => room.growMirror(tenant, bytes) }) });
    this.#follower = new Follower({
      ...shared,
      roots: this.#roots,
      queue: this.#queue,
      deploys,
      onTenantGone: async (tenant) => {
        await Promise.all([options.npm.forget(tenant), options.python.packages.forget(tenant)]);
      },
    });
    this.#deploys = deploys;
    for (const tier of Object.values(tiers)) {
      tier.onDamaged = (id, version, error) => this.#onDamaged(id, version, error);
      tier.onRenewed = async (id, version) => await this.#folders.described(id, version);
    }
  }

  /** Resolves when all that was deployed before serves, and the builds of what changed meanwhile are under way. */
  async start(): Promise<void> {
    const { store, functions, data, clock, events, bundler, npm, times } = this.#options;
    const follower = this.#follower;
    await this.#folders.sweep();
    const { functions: rows, active, mirror } = await store.load();
    await this.#restore(rows, active);
    this.#roots.begin(mirror);
    await follower.follow([""]);
    const home = { mirror: this.#roots.of(HOME).mirror.folder, packages: npm.packages(HOME) };
    const pulse = join(data, "pulse");
    await Deno.mkdir(pulse, { recursive: true });
    this.#watcher = new Watcher({
      folder: functions,
      pulse,
      clock,
      onChange: (paths) => follower.follow(paths),
      onStir: (path) => isBundled(path) && bundler.warm(home),
      onTrouble: (message) => events.emit({ type: "server", atMs: clock.now(), level: "warn", message }),
      times,
    });
    // What changed between the first look and the watch.
    follower.follow([""]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watcher?.[Symbol.dispose]();
    this.#retries.close();
    await this.#follower.end();
    await this.#queue.close();
  }

  /** A build that is before it already does as well. */
  #again(managed: Managed): void {
    if (this.#catalog.find(managed.id) === managed && !this.#queue.has(managed)) this.#queue.add(managed);
  }

  match(tenant: string, path: string): RouteMatch | null {
    return this.#catalog.match(tenant, path);
  }

  hasTenant(tenant: string): boolean {
    return this.#catalog.hasTenant(tenant);
  }

  get(id: FunctionId): FunctionEntry | null {
    return this.#catalog.entry(id);
  }

  list(): FunctionEntry[] {
    return this.#catalog.list();
  }

  async load(entry: FunctionEntry): Promise<Snapshot> {
    const managed = this.#catalog.find(entry.id);
    const { active } = entry;
    if (!managed || !active) throw new MayflyError("not_deployed", "The function is not deployed", { retryAfterS: 1 });
    try {
      return await this.#snapshots.load(managed, active);
    } catch (error) {
      if (error instanceof MayflyError) throw error;
      if (entry.active === active) await this.#heal(managed, active, error);
      throw new MayflyError("not_deployed", "The function is being built again", { cause: error, retryAfterS: 1 });
    }
  }

  async versions(id: FunctionId) {
    if (this.#catalog.refusals.find(id) && !this.#catalog.find(id)) return [];
    const { entry } = this.#find(id);
    return (await this.#options.store.versions(entry.id)).map(({ version, deployedAtMs, snapshotBytes }) => ({
      version,
      deployedAtMs,
      active: version === entry.active?.version,
      snapshotBytes,
    }));
  }

  async rollback(id: FunctionId, version: string | null): Promise<string> {
    return await this.#deploys.rollback(this.#find(id), version);
  }

  async source(id: FunctionId): Promise<SourceExtent | null> {
    const managed = this.#catalog.find(id);
    return managed && await extentOf(this.#roots.folderOf(managed.tenant), managed.source);
  }

  async remove(id: FunctionId): Promise<SourceExtent> {
    const { source, tenant } = this.#find(id);
    const removed = await removeSource(this.#roots.folderOf(tenant), source);
    const path = source.folder ?? source.file;
    await this.#follower.follow([tenant === HOME ? path : `@${tenant}/${path}`]);
    return removed;
  }

  /** Text of a guest with the places of the bundle replaced by those of the user's files. */
  async sourceMapped(id: FunctionId, version: string, text: string): Promise<string> {
    return await this.#maps.textOf(this.#folders.of(id, version), text);
  }

  /** The same, with the line below it where the stack began. */
  async explained(id: FunctionId, version: string, text: string): Promise<string> {
    const folder = this.#folders.of(id, version);
    const place = await this.#maps.placeOf(folder, text);
    const mapped = await this.#maps.textOf(folder, text);
    const source = place && await this.#sourceOf(id, version, place.file);
    const excerpt = source === null ? null : excerptOf(source, place!);
    return excerpt === null ? mapped : `${mapped.trimEnd()}\n${excerpt}`;
  }

  serverSettings(machineMemoryMb: number): ServerSettings {
    return serverSettings(this.#roots.home.server, machineMemoryMb);
  }

  /** How many requests of a tenant may run, by the configuration of now. */
  concurrencyOf(tenant: string): number {
    return capFor(this.#roots.home, tenant, "concurrency");
  }

  /** What all sandboxes and snapshots of a tenant may have. */
  memoryMbOf(tenant: string): number {
    return capFor(this.#roots.home, tenant, "memoryMb");
  }

  /** Its part of the processors, beside others' parts. */
  cpuShareOf(tenant: string): number {
    return capFor(this.#roots.home, tenant, "cpuShare");
  }

  /** What versions of before it was set may not go beyond either. */
  netOf(tenant: string): NetPolicy {
    return capFor(this.#roots.home, tenant, "net");
  }

  problems(): string[] {
    return this.#roots.problems;
  }

  /** Resolves when all that was heard of is done. */
  async settled(): Promise<void> {
    do {
      await this.#follower.idle;
      await this.#queue.idle;
    } while (this.#follower.isBusy);
  }

  /** The text of a file that a version was made from, as long as it is that one still. */
  async #sourceOf(id: FunctionId, version: string, file: string): Promise<string | null> {
    const current = this.#catalog.find(id)?.current;
    if (current?.version !== version) return null;
    return await this.#roots.of(id.tenant).mirror.textOf(file, current.inputs.files[file]);
  }

  #find(id: FunctionId): Managed {
    const managed = this.#catalog.find(id);
    if (managed) return managed;
    const refused = this.#catalog.refusals.find(id);
    throw new MayflyError("not_found", refused?.error ?? `There is no function ${qualifiedName(id)}`);
  }

  /** What was deployed serves at once; snapshots are read when they are asked for. */
  async #restore(rows: readonly FunctionRow[], active: readonly VersionRow[]): Promise<void> {
    const { tiers, store } = this.#options;
    const versions = new Map(active.map((row) => [keyOf(row), row]));
    const serving = rows.filter(({ activeVersion }) => activeVersion !== null);
    for (const row of [...serving, ...rows.filter(({ activeVersion }) => activeVersion === null)]) {
      const { tenant, name, file, rolledBackFrom, error } = row;
      // The first look tells the rest.
      const managed = new Managed(tenant, { name, file, folder: null, language: "js", problem: null });
      const version = versions.get(keyOf(row));
      const isOfToday = (version: VersionRow) => version.engine === engineFor(tiers, version);
      if (version && canUse(tiers[version.tier]) && isOfToday(version)) {
        const made = rolledBackFrom === null ? version : await store.version(row, rolledBackFrom);
        managed.current = made && isOfToday(made) ? currentOf(made) : null;
        managed.entry.rolledBackFrom = managed.current && rolledBackFrom;
        managed.entry.active = deploymentOf(version);
        managed.entry.state = error === null ? "ready" : "failed";
      }
      managed.entry.error = error;
      this.#catalog.add(managed);
      this.#catalog.takeRoute(managed);
    }
  }

  /** A version whose files are damaged is built again. */
  async #heal(managed: Managed, damaged: Deployment, error: unknown): Promise<void> {
    this.#report(`Cannot read ${qualifiedName(managed.id)} from the data folder; it is built again`, error);
    managed.current = null;
    Object.assign(managed.entry, { active: null, rolledBackFrom: null, state: "building" });
    await this.#snapshots.retire(damaged);
    // Its files have the right sizes and would be taken for whole again.
    await this.#folders.remove(managed.id, damaged.version);
    this.#follower.build(managed);
  }

  /** One that had to leave the memory, and was to come back. */
  #onDamaged(id: FunctionId, version: string, error: unknown): void {
    const managed = this.#catalog.find(id);
    const active = managed?.entry.active;
    if (!managed || active?.version !== version) return;
    this.#heal(managed, active, error).catch((error) => {
      this.#report(`Cannot have ${qualifiedName(id)} built again`, error);
    });
  }

  #report(message: string, error: unknown): void {
    const { events, clock } = this.#options;
    events.emit({ type: "server", atMs: clock.now(), level: "error", message, detail: `${error}` });
  }
}

const isBundled = (path: string): boolean => /\.([jt]sx?|mjs)$/.test(path);

/** What it ran before can be served: it can run, and with what is known. */
const canUse = ({ opening, unavailable }: Tier): boolean => !opening && unavailable === null;

const keyOf = ({ tenant, name }: FunctionId): string => `${tenant}\n${name}`;
