import type { Clock } from "../clock.ts";
import type { Events } from "../observe/events.ts";
import { HOME } from "../types.ts";
import type { BuildQueue } from "./build_queue.ts";
import type { Catalog } from "./catalog.ts";
import type { Deploys } from "./deploys.ts";
import type { FunctionEntry } from "./function.ts";
import { Managed } from "./managed.ts";
import { tenantProblem } from "./names.ts";
import { refusedDouble, refusedTenant } from "./refusals.ts";
import type { Root, RootChange } from "./root.ts";
import type { Roots } from "./roots.ts";
import { inParallel, Slices } from "./slices.ts";
import type { Source } from "./sources.ts";
import type { Tiers } from "./tier_choice.ts";

export interface FollowerOptions {
  /** Where users drop their functions. */
  readonly functions: string;
  readonly clock: Clock;
  readonly events: Events;
  readonly roots: Roots;
  readonly catalog: Catalog;
  readonly queue: BuildQueue<Managed>;
  readonly deploys: Deploys;
  readonly tiers: Tiers;
  /** Removes what there is beside a tenant's functions: it is gone. */
  readonly onTenantGone: (tenant: string) => Promise<void>;
}

const LOOK_AGAIN_MS = 50;
const DROPS_AT_ONCE = 16;

/** Follows what is in the functions folder: finds tenants and functions, and has those built that are not current. */
export class Follower {
  readonly #options: FollowerOptions;
  #looks: Promise<void> = Promise.resolve();
  #looksAhead = 0;
  /** Looks that are still to be begun, at what was just being written. */
  readonly #again = new Set<ReturnType<typeof setTimeout>>();
  #ended = false;

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  /** Whether looks are before or under way. */
  get isBusy(): boolean {
    return this.#looksAhead > 0;
  }

  /** Resolves when the looks are done that were asked for so far. */
  get idle(): Promise<void> {
    return this.#looks;
  }

  async end(): Promise<void> {
    this.#ended = true;
    for (const timer of this.#again) clearTimeout(timer);
    await this.#looks;
  }

  build(managed: Managed): void {
    managed.entry.state = "building";
    const { tiers, roots, queue, catalog } = this.#options;
    const { opening } = tiers[roots.of(managed.tenant).tierFor(managed.source)];
    if (!opening) return queue.add(managed);
    opening.then(() => {
      if (!this.#ended && catalog.find(managed.id) === managed) queue.add(managed);
    });
  }

  /** Looks follow one another. */
  async follow(paths: readonly string[]): Promise<void> {
    if (this.#ended) return;
    this.#looksAhead++;
    this.#looks = this.#looks.then(() => this.#look(paths)).catch((error) => {
      const { events, clock, functions } = this.#options;
      const message = `Cannot look through ${functions}`;
      events.emit({ type: "server", atMs: clock.now(), level: "error", message, detail: `${error?.stack ?? error}` });
    }).finally(() => this.#looksAhead--);
    await this.#looks;
  }

  async #look(paths: readonly string[]): Promise<void> {
    const { roots } = this.#options;
    const below = new Map<string, string[]>();
    const add = (tenant: string, path: string) => below.set(tenant, [...below.get(tenant) ?? [], path]);
    if (paths.includes("") || paths.some((path) => path.startsWith("@"))) this.#meetTenants(paths.includes(""), add);
    for (const path of paths) {
      const [, tenant, rest] = /^@([^/]+)\/?(.*)$/s.exec(path) ?? [null, HOME, path];
      if (roots.has(tenant) || tenant === HOME) add(tenant, rest);
    }
    // Home's settings have the caps of the others.
    const home = below.get(HOME);
    const recapped = home ? await this.#lookAt(HOME, home) : false;
    const isShort = (tenant: string) => recapped && roots.of(tenant).mirror.short.size > 0;
    if (isShort(HOME)) await this.#lookAt(HOME, [""]);
    for (const tenant of roots.tenants) {
      if (isShort(tenant)) below.set(tenant, [""]);
      if (below.has(tenant)) await this.#lookAt(tenant, below.get(tenant)!);
      if (recapped) await this.#apply(roots.of(tenant), { ...UNCHANGED, reconfigured: true });
    }
  }

  /** Finds the folders of tenants, those that are gone included. */
  #meetTenants(all: boolean, add: (tenant: string, path: string) => void): void {
    const { functions, catalog, roots } = this.#options;
    const names = foldersIn(functions).filter((name) => name.startsWith("@")).map((name) => name.slice(1));
    const refused: FunctionEntry[] = [];
    for (const name of names) {
      const problem = tenantProblem(name);
      if (problem !== null) {
        refused.push(refusedTenant(name, problem));
        continue;
      }
      if (!roots.has(name)) add(name, "");
      roots.of(name);
    }
    this.#refuse("", refused);
    const known = new Set([...catalog.tenants, ...roots.mirrored].filter((tenant) => tenant !== HOME));
    for (const tenant of known) {
      roots.of(tenant);
      if (all || !names.includes(tenant)) add(tenant, "");
    }
  }

  /** True: settings may be others now. */
  async #lookAt(tenant: string, below: readonly string[]): Promise<boolean> {
    const { roots, catalog } = this.#options;
    const root = roots.of(tenant);
    const change = await root.look(below);
    await this.#apply(root, change);
    if (change.unsettled.length > 0) {
      const paths = change.unsettled.map((path) => tenant === HOME ? path : `@${tenant}/${path}`);
      const timer = setTimeout(() => {
        this.#again.delete(timer);
        this.follow(paths);
      }, LOOK_AGAIN_MS);
      this.#again.add(timer);
    }
    if (tenant !== HOME && catalog.functionsOf(tenant).size === 0 && root.mirror.isEmpty) {
      roots.remove(tenant);
      await this.#options.onTenantGone(tenant);
    }
    return change.reconfigured;
  }

  async #apply(root: Root, { changed, reconfigured, found }: RootChange): Promise<void> {
    const slices = new Slices();
    const { tenant } = root;
    const known = this.#options.catalog.functionsOf(tenant);
    if (found) {
      const gone = [...known.values()].filter(({ id }) => !found.sources.has(id.name));
      await inParallel(gone, DROPS_AT_ONCE, (managed) => this.#drop(managed));
      this.#refuse(tenant, found.doubles.map((source) => refusedDouble(tenant, source)));
      for (const source of found.sources.values()) {
        if (slices.isDue) await slices.pause();
        this.#meet(tenant, source);
      }
    }
    for (const managed of [...known.values()]) {
      if (slices.isDue) await slices.pause();
      if (managed.isNew || reconfigured || managed.isTouchedBy(changed)) await this.#check(managed, root);
      managed.isNew = false;
    }
  }

  /** Of a group of the catalog's refusals, tells what is new. */
  #refuse(group: string, entries: readonly FunctionEntry[]): void {
    const { catalog, events, clock } = this.#options;
    const { added, gone } = catalog.refusals.set(group, entries);
    const atMs = clock.now();
    for (const { id } of gone) events.emit({ type: "removed", atMs, id });
    const nothing = { version: null, tier: null, kind: null, buildMs: null };
    for (const { id, route, error } of added) {
      events.emit({ type: "deploy", atMs, id, state: "failed", route, error, ...nothing });
    }
  }

  #meet(tenant: string, source: Source): void {
    const managed = this.#options.catalog.functionsOf(tenant).get(source.name);
    if (!managed) return this.#options.catalog.add(new Managed(tenant, source));
    const { file, problem } = managed.source;
    managed.isNew ||= file !== source.file || problem !== source.problem;
    managed.source = source;
    managed.entry.file = source.file;
  }

  async #check(managed: Managed, root: Root): Promise<void> {
    const { current, source, pattern, entry } = managed;
    const isCurrent = current !== null && pattern !== null && source.problem === null &&
      root.isCurrent(source, current.inputs, current.settings);
    if (!isCurrent || this.#options.queue.has(managed)) this.build(managed);
    else if (entry.error !== null) await this.#options.deploys.restore(managed, current);
  }

  async #drop(managed: Managed): Promise<void> {
    await this.#options.queue.remove(managed);
    const freed = this.#options.catalog.remove(managed);
    await this.#options.deploys.remove(managed);
    for (const other of freed) this.build(other);
  }
}

const UNCHANGED: RootChange = { changed: new Set(), unsettled: [], reconfigured: false, found: null };

function foldersIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].filter(({ isDirectory }) => isDirectory).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
