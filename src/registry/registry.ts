import { join } from "node:path";
import type { Clock } from "../clock.ts";
import { type ServerSettings, serverSettings } from "../config.ts";
import { MayflyError } from "../errors.ts";
import type { Events } from "../observe/events.ts";
import type { FunctionRow, MirrorRow, Store, VersionRow } from "../state/store.ts";
import type { Snapshot, Tier } from "../tiers/tier.ts";
import { type FunctionId, HOME, qualifiedName } from "../types.ts";
import { BuildQueue } from "./build_queue.ts";
import { Builder } from "./builder.ts";
import type { Bundler } from "./bundler.ts";
import { Catalog } from "./catalog.ts";
import { Deploys } from "./deploys.ts";
import type { Deployment, FunctionEntry, Functions, RouteMatch } from "./function.ts";
import { currentOf, deploymentOf, Managed } from "./managed.ts";
import { capsFor, type Manifest, NO_MANIFEST } from "./manifest.ts";
import type { MirrorFs } from "./mirror.ts";
import { folderName, tenantProblem } from "./names.ts";
import type { Npm } from "./npm.ts";
import { Root, type RootChange } from "./root.ts";
import type { TenantCaps } from "./settings.ts";
import { Slices } from "./slices.ts";
import { Snapshots } from "./snapshots.ts";
import { removeSource } from "./remove_source.ts";
import { SourceMaps } from "./source_map.ts";
import type { Source } from "./sources.ts";
import { VersionFolders } from "./version_folders.ts";
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
  readonly tier: Tier;
  /** The engine that the tier runs: its snapshots are of no use to another one. */
  readonly engine: string;
  /** Builds at once. */
  readonly builds: number;
  readonly times?: WatcherOptions["times"];
}

const LOOK_AGAIN_MS = 50;

/** What is deployed, and how it follows what is in the functions folder. */
export class Registry implements Functions, AsyncDisposable {
  readonly #options: RegistryOptions;
  readonly #catalog = new Catalog();
  readonly #folders: VersionFolders;
  readonly #maps = new SourceMaps();
  readonly #snapshots: Snapshots;
  readonly #deploys: Deploys;
  readonly #queue: BuildQueue<Managed>;
  readonly #roots = new Map<string, Root>();
  #rows = new Map<string, MirrorRow[]>();
  #watcher: Watcher | null = null;
  #looks: Promise<void> = Promise.resolve();
  #looksAhead = 0;
  #again: ReturnType<typeof setTimeout> | undefined;

  constructor(options: RegistryOptions) {
    const { data, tier } = options;
    this.#options = options;
    this.#folders = new VersionFolders(join(data, "versions"));
    this.#snapshots = new Snapshots(tier, this.#folders);
    const shared = { ...options, folders: this.#folders };
    const builder = new Builder({ ...shared, maps: this.#maps });
    this.#deploys = new Deploys({ ...shared, catalog: this.#catalog, builder, snapshots: this.#snapshots });
    this.#queue = new BuildQueue(
      options.builds,
      (managed, signal) => this.#deploys.deploy(managed, this.#roots.get(managed.tenant)!, signal),
    );
  }

  /** Resolves when all that was deployed before serves, and the builds of what changed meanwhile are under way. */
  async start(): Promise<void> {
    const { store, functions, data, clock, events, bundler, npm, times } = this.#options;
    await this.#folders.sweep();
    const { functions: rows, active, mirror } = await store.load();
    this.#rows = Map.groupBy(mirror, ({ tenant }) => tenant);
    await this.#restore(rows, active);
    const onTrouble = (message: string) => events.emit({ type: "server", atMs: clock.now(), level: "warn", message });
    await this.#follow([""]);
    const home = this.#root(HOME);
    const pulse = join(data, "pulse");
    await Deno.mkdir(pulse, { recursive: true });
    this.#watcher = new Watcher({
      folder: functions,
      pulse,
      clock,
      onChange: (paths) => this.#follow(paths),
      onStir: () => bundler.warm({ mirror: home.mirror.folder, packages: npm.packages(HOME) }),
      onTrouble,
      times,
    });
    // What changed between the first look and the watch.
    this.#follow([""]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watcher?.[Symbol.dispose]();
    clearTimeout(this.#again);
    await this.#looks;
    await this.#queue.close();
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

  /** Of the deployment that serves now: the one that was asked for may have been replaced while its request waited. */
  async load(entry: FunctionEntry, _deployment: Deployment): Promise<Snapshot> {
    const managed = this.#catalog.find(entry.id);
    const { active } = entry;
    if (!managed || !active) throw new MayflyError("not_deployed", "The function is not deployed", { retryAfterS: 1 });
    try {
      return await this.#snapshots.load(managed, active);
    } catch (error) {
      if (error instanceof MayflyError) throw error;
      if (entry.active === active) this.#heal(managed, error);
      throw new MayflyError("not_deployed", "The function is being built again", { cause: error, retryAfterS: 1 });
    }
  }

  async versions(id: FunctionId) {
    const { entry } = this.#find(id);
    return (await this.#options.store.versions(entry.id)).map(({ version, createdAtMs, snapshotBytes }) => ({
      version,
      createdAtMs,
      active: version === entry.active?.version,
      snapshotBytes,
    }));
  }

  async rollback(id: FunctionId, version: string | null): Promise<string> {
    return await this.#deploys.rollback(this.#find(id), version);
  }

  async remove(id: FunctionId): Promise<void> {
    const { source, tenant } = this.#find(id);
    const path = await removeSource(this.#folderOf(tenant), source);
    await this.#follow([tenant === HOME ? path : `@${tenant}/${path}`]);
  }

  /** Text of a guest with the places of the bundle replaced by those of the user's files. */
  async sourceMapped(id: FunctionId, version: string, text: string): Promise<string> {
    return await this.#maps.textOf(this.#folders.of(id, version), text);
  }

  serverSettings(machineMemoryMb: number): ServerSettings {
    return serverSettings(this.#home.server, machineMemoryMb);
  }

  capsOf(tenant: string): TenantCaps {
    return capsFor(this.#home, tenant);
  }

  /** What is wrong with configuration files; the last good ones are in force. */
  problems(): string[] {
    return [...this.#roots.values()].flatMap(({ manifestProblem, denoProblem }) => [manifestProblem, denoProblem])
      .filter((problem) => problem !== null);
  }

  /** Resolves when all that was heard of is done. */
  async settled(): Promise<void> {
    do {
      await this.#looks;
      await this.#queue.idle;
    } while (this.#looksAhead > 0);
  }

  get #home(): Manifest {
    return this.#roots.get(HOME)?.manifest ?? NO_MANIFEST;
  }

  #find(id: FunctionId): Managed {
    const managed = this.#catalog.find(id);
    if (!managed) throw new MayflyError("not_found", `There is no function ${qualifiedName(id)}`);
    return managed;
  }

  #folderOf(tenant: string): string {
    return tenant === HOME ? this.#options.functions : join(this.#options.functions, `@${tenant}`);
  }

  #root(tenant: string): Root {
    let root = this.#roots.get(tenant);
    if (!root) {
      const { data, fs, store, events, clock } = this.#options;
      const mirrorFolder = join(data, "mirror", folderName(tenant));
      Deno.mkdirSync(mirrorFolder, { recursive: true });
      root = new Root({
        tenant,
        folder: this.#folderOf(tenant),
        mirrorFolder,
        fs,
        store,
        rows: this.#rows.get(tenant) ?? [],
        capsOf: (home) => capsFor(home && tenant === HOME ? home : this.#home, tenant),
        onProblem: (message) => events.emit({ type: "server", atMs: clock.now(), level: "error", message }),
      });
      this.#rows.delete(tenant);
      this.#roots.set(tenant, root);
      this.#catalog.addTenant(tenant);
    }
    return root;
  }

  /** What was deployed serves at once; snapshots are read when they are asked for. */
  async #restore(rows: readonly FunctionRow[], active: readonly VersionRow[]): Promise<void> {
    const { engine, store } = this.#options;
    const versions = new Map(active.map((row) => [keyOf(row), row]));
    const serving = rows.filter(({ activeVersion }) => activeVersion !== null);
    for (const row of [...serving, ...rows.filter(({ activeVersion }) => activeVersion === null)]) {
      const { tenant, name, file, rolledBackFrom, error } = row;
      // The first look tells the rest.
      const managed = new Managed(tenant, { name, file, folder: null, language: "js", problem: null });
      const version = versions.get(keyOf(row));
      if (version && version.engine === engine) {
        const made = rolledBackFrom === null ? version : await store.version(row, rolledBackFrom);
        managed.current = made && made.engine === engine ? currentOf(made) : null;
        managed.rolledBackFrom = managed.current && rolledBackFrom;
        managed.entry.active = deploymentOf(version);
        managed.entry.state = error === null ? "ready" : "failed";
      }
      managed.entry.error = error;
      this.#catalog.add(managed);
      this.#catalog.takeRoute(managed);
    }
  }

  /** Looks follow one another. */
  async #follow(paths: readonly string[]): Promise<void> {
    this.#looksAhead++;
    this.#looks = this.#looks.then(() => this.#look(paths)).catch((error) => {
      const { events, clock, functions } = this.#options;
      const message = `Cannot look through ${functions}`;
      events.emit({ type: "server", atMs: clock.now(), level: "error", message, detail: `${error?.stack ?? error}` });
    }).finally(() => this.#looksAhead--);
    await this.#looks;
  }

  async #look(paths: readonly string[]): Promise<void> {
    const below = new Map<string, string[]>();
    const add = (tenant: string, path: string) => below.set(tenant, [...below.get(tenant) ?? [], path]);
    if (paths.includes("") || paths.some((path) => path.startsWith("@"))) this.#meetTenants(paths.includes(""), add);
    for (const path of paths) {
      const [, tenant, rest] = /^@([^/]+)\/?(.*)$/s.exec(path) ?? [null, HOME, path];
      if (this.#roots.has(tenant) || tenant === HOME) add(tenant, rest);
    }
    // Home's settings have the caps of the others.
    const home = below.get(HOME);
    const recapped = home ? await this.#lookAt(HOME, home) : false;
    for (const tenant of this.#roots.keys()) {
      if (tenant === HOME) continue;
      if (below.has(tenant)) await this.#lookAt(tenant, below.get(tenant)!);
      if (recapped) await this.#apply(this.#root(tenant), { ...UNCHANGED, reconfigured: true });
    }
  }

  /** Finds the folders of tenants, those that are gone included. */
  #meetTenants(all: boolean, add: (tenant: string, path: string) => void): void {
    const { functions, clock, events } = this.#options;
    const names = foldersIn(functions).filter((name) => name.startsWith("@")).map((name) => name.slice(1));
    this.#catalog.keepRefused(new Set(names));
    for (const name of names) {
      const problem = tenantProblem(name);
      if (problem === null) {
        if (!this.#roots.has(name)) add(name, "");
        this.#root(name);
        continue;
      }
      const entry = this.#catalog.refuseTenant(name, problem);
      if (!entry) continue;
      const { id, route } = entry;
      const nothing = { version: null, tier: null, kind: null, buildMs: null };
      events.emit({ type: "deploy", atMs: clock.now(), id, state: "failed", route, error: problem, ...nothing });
    }
    const known = [...this.#rows.keys(), ...this.#roots.keys()].filter((tenant) => tenant !== HOME);
    for (const tenant of known) {
      this.#root(tenant);
      if (all || !names.includes(tenant)) add(tenant, "");
    }
  }

  /** True: settings may be others now. */
  async #lookAt(tenant: string, below: readonly string[]): Promise<boolean> {
    const root = this.#root(tenant);
    const change = await root.look(below);
    await this.#apply(root, change);
    if (change.unsettled.length > 0) {
      const paths = change.unsettled.map((path) => tenant === HOME ? path : `@${tenant}/${path}`);
      this.#again = setTimeout(() => this.#follow(paths), LOOK_AGAIN_MS);
    }
    if (tenant !== HOME && this.#catalog.functionsOf(tenant).size === 0 && root.mirror.files.size === 0) {
      this.#roots.delete(tenant);
      this.#catalog.removeTenant(tenant);
    }
    return change.reconfigured;
  }

  async #apply(root: Root, { changed, reconfigured, sources }: RootChange): Promise<void> {
    const slices = new Slices();
    const known = this.#catalog.functionsOf(root.tenant);
    for (const [name, managed] of [...known]) if (sources && !sources.has(name)) await this.#drop(managed);
    for (const source of sources?.values() ?? []) {
      if (slices.isDue) await slices.pause();
      this.#meet(root.tenant, source);
    }
    for (const managed of [...known.values()]) {
      if (slices.isDue) await slices.pause();
      if (managed.isNew || reconfigured || managed.isTouchedBy(changed)) await this.#check(managed, root);
      managed.isNew = false;
    }
  }

  #meet(tenant: string, source: Source): void {
    const managed = this.#catalog.functionsOf(tenant).get(source.name);
    if (!managed) return this.#catalog.add(new Managed(tenant, source));
    const { file, problem } = managed.source;
    managed.isNew ||= file !== source.file || problem !== source.problem;
    managed.source = source;
    managed.entry.file = source.file;
  }

  async #check(managed: Managed, root: Root): Promise<void> {
    const { current, source, pattern, entry } = managed;
    const isCurrent = current !== null && pattern !== null && source.problem === null &&
      root.isCurrent(source, current.inputs, current.settings);
    if (!isCurrent || this.#queue.has(managed)) this.#build(managed);
    else if (entry.error !== null) await this.#deploys.restore(managed, current);
  }

  #build(managed: Managed): void {
    managed.entry.state = "building";
    this.#queue.add(managed);
  }

  async #drop(managed: Managed): Promise<void> {
    await this.#queue.remove(managed);
    const freed = this.#catalog.remove(managed);
    await this.#deploys.remove(managed);
    for (const other of freed) this.#build(other);
  }

  /** A version whose files are damaged is built again. */
  #heal(managed: Managed, error: unknown): void {
    const { events, clock } = this.#options;
    const message = `Cannot read ${qualifiedName(managed.id)} from the data folder; it is built again`;
    events.emit({ type: "server", atMs: clock.now(), level: "error", message, detail: `${error}` });
    managed.entry.active = null;
    managed.current = null;
    managed.rolledBackFrom = null;
    this.#build(managed);
  }
}

const UNCHANGED: RootChange = { changed: new Set(), unsettled: [], reconfigured: false, sources: null };

const keyOf = ({ tenant, name }: FunctionId): string => `${tenant}\n${name}`;

function foldersIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].filter(({ isDirectory }) => isDirectory).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
