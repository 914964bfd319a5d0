import { join } from "node:path";
import type { Clock } from "../clock.ts";
import type { Events } from "../observe/events.ts";
import type { MirrorRow, Store } from "../state/store.ts";
import { HOME } from "../types.ts";
import type { Catalog } from "./catalog.ts";
import { capsFor, type Manifest, NO_MANIFEST } from "./manifest.ts";
import type { MirrorFs } from "./mirror.ts";
import type { MirrorRoom } from "./mirror_room.ts";
import { folderName } from "./names.ts";
import { Root } from "./root.ts";

export interface RootsOptions {
  /** Where users drop their functions. */
  readonly functions: string;
  /** Where the mirrors are. */
  readonly data: string;
  readonly clock: Clock;
  readonly events: Events;
  readonly store: Store;
  readonly fs: MirrorFs;
  readonly catalog: Catalog;
  readonly roomOf: (tenant: string) => MirrorRoom;
}

/** The roots that are known: the functions folder itself, which is home's, and a folder for each other tenant. */
export class Roots {
  readonly #options: RootsOptions;
  readonly #known = new Map<string, Root>();
  /** Of the mirrors that were there before the start, until they are asked for. */
  #rows = new Map<string, MirrorRow[]>();

  constructor(options: RootsOptions) {
    this.#options = options;
  }

  /** The index of the mirrors, before the first look. */
  begin(rows: readonly MirrorRow[]): void {
    this.#rows = Map.groupBy(rows, ({ tenant }) => tenant);
  }

  get home(): Manifest {
    return this.#known.get(HOME)?.manifest ?? NO_MANIFEST;
  }

  /** What is wrong with configuration files; the last good ones are in force. */
  get problems(): string[] {
    return [...this.#known.values()].flatMap(({ problems }) => problems);
  }

  /** All but home that have a root. */
  get tenants(): string[] {
    return [...this.#known.keys()].filter((tenant) => tenant !== HOME);
  }

  /** Those that have a mirror, and no root so far. */
  get mirrored(): string[] {
    return [...this.#rows.keys()].filter((tenant) => tenant !== HOME);
  }

  has(tenant: string): boolean {
    return this.#known.has(tenant);
  }

  folderOf(tenant: string): string {
    return tenant === HOME ? this.#options.functions : join(this.#options.functions, `@${tenant}`);
  }

  /** What a tenant's copies take of the disk. */
  mirrorBytesOf(tenant: string): number {
    return this.#known.get(tenant)?.mirror.bytes ?? 0;
  }

  /** The tenant's, made when it is asked for first. */
  of(tenant: string): Root {
    let root = this.#known.get(tenant);
    if (!root) {
      root = this.#make(tenant);
      this.#rows.delete(tenant);
      this.#known.set(tenant, root);
      this.#options.catalog.addTenant(tenant);
    }
    return root;
  }

  remove(tenant: string): void {
    this.#known.delete(tenant);
    this.#options.catalog.removeTenant(tenant);
  }

  #make(tenant: string): Root {
    const { data, fs, store, events, clock, catalog, roomOf } = this.#options;
    const mirrorFolder = join(data, "mirror", folderName(tenant));
    Deno.mkdirSync(mirrorFolder, { recursive: true });
    return new Root({
      tenant,
      folder: this.folderOf(tenant),
      mirrorFolder,
      fs,
      store,
      rows: this.#rows.get(tenant) ?? [],
      room: roomOf(tenant),
      capsOf: (home) => capsFor(home && tenant === HOME ? home : this.home, tenant),
      fileOf: (name) => catalog.functionsOf(tenant).get(name)?.source.file ?? null,
      tell: (level, message) => events.emit({ type: "server", atMs: clock.now(), level, message }),
    });
  }
}
