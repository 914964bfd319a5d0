import type { Clock } from "../clock.ts";
import { MiB } from "../limits.ts";
import { type DiskFile, diskFiles, DiskUse, diskUse } from "../state/disk_bytes.ts";
import type { SpareVersion, Store } from "../state/store.ts";
import { BuildError } from "../tiers/tier.ts";
import { type FunctionId, HOME } from "../types.ts";
import type { Granted } from "./mirror_room.ts";
import type { VersionFolders } from "./version_folders.ts";

export interface DiskRoomOptions {
  readonly clock: Clock;
  /** The whole data folder. */
  readonly data: string;
  readonly store: Pick<Store, "spareVersions" | "removeVersions">;
  readonly folders: VersionFolders;
  readonly tenants: () => readonly string[];
  /** What the copies of a tenant's files take. */
  readonly mirrorBytesOf: (tenant: string) => number;
  readonly diskMbOf: (tenant: string) => number;
  readonly dataMb: () => number;
}

/** What may not grow without end. */
interface Bound {
  readonly mostMb: number;
  /** Versions that may go for it, in that order. */
  spare(): AsyncIterable<SpareVersion>;
  /** What is there; `anew`: exactly. */
  measure(anew: boolean): Promise<DiskUse>;
  /** What is there beside that, or was let in and is not there yet. */
  readonly otherBytes: number;
}

/** The data folder grows by more than versions: so long its size is taken for what it was, and for what came. */
const MEASURED_FOR_MS = 60_000;

/** Keeps what is stored within its bounds: before something comes, the oldest versions that nobody needs go. */
export class DiskRoom {
  readonly #options: DiskRoomOptions;
  /** Of versions that were let in and are not there yet. */
  readonly #coming = new Map<string, number>();
  #data = { use: new DiskUse(), untilMs: -Infinity };
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: DiskRoomOptions) {
    this.#options = options;
  }

  /** Lets the version of a draft in, which `commit` puts in its place. Throws a BuildError if there is no room for it. */
  async admit<T>({ tenant }: FunctionId, draft: string, commit: () => Promise<T>): Promise<T> {
    const files = await diskFiles(draft);
    const bytes = await this.#inTurn(() => this.#makeRoom(tenant, files));
    for (const file of files) this.#data.use.add(file);
    this.#comes(tenant, bytes);
    try {
      return await commit();
    } finally {
      this.#comes(tenant, -bytes);
    }
  }

  /** How much of that a tenant's mirror may grow by. */
  async growMirror(tenant: string, bytes: number): Promise<Granted> {
    return await this.#inTurn(async () => {
      const { diskMbOf, dataMb, mirrorBytesOf } = this.#options;
      const diskMb = diskMbOf(tenant);
      // No version goes for files that do not fit alone.
      const most = Math.min(bytes, Math.max(0, diskMb * MiB - mirrorBytesOf(tenant)));
      const ofTenant = await this.#part(most, this.#ofTenant(tenant));
      const granted = await this.#part(ofTenant, this.#ofAll(tenant));
      this.#data.use.add({ bytes: granted, id: null });
      const refusal = ofTenant < bytes
        ? `the files and versions of ${whose(tenant)} would take more than diskMb ${diskMb}`
        : `the data folder would take more than the server's dataMb ${dataMb()}; ${SEE_DOCTOR}`;
      return { bytes: granted, refusal };
    });
  }

  /** As much of so many bytes as fits. */
  async #part(bytes: number, bound: Bound): Promise<number> {
    if (bytes === 0) return 0;
    const left = await this.#fit([{ bytes, id: null }], bound);
    return Math.max(0, Math.min(bytes, bytes + left));
  }

  /** Resolves with what the tenant's versions grow by: packages that another version has as well are there already. */
  async #makeRoom(tenant: string, files: readonly DiskFile[]): Promise<number> {
    const { folders, diskMbOf, dataMb } = this.#options;
    const diskMb = diskMbOf(tenant);
    const over = await this.#fit(files, this.#ofTenant(tenant));
    if (over < 0) {
      const mb = Math.ceil(diskMb - over / MiB);
      throw refused(`the files and versions of ${whose(tenant)} would take ${mb} MB together, and diskMb is ${diskMb}`);
    }
    const overAll = await this.#fit(files, this.#ofAll(tenant));
    if (overAll < 0) {
      const mb = Math.ceil(dataMb() - overAll / MiB);
      throw refused(`the data folder would take ${mb} MB, and the server's dataMb is ${dataMb()}; ${SEE_DOCTOR}`);
    }
    return (await folders.useOf(tenant)).growth(files);
  }

  #ofTenant(tenant: string): Bound {
    const { folders, diskMbOf, mirrorBytesOf, store } = this.#options;
    return {
      mostMb: diskMbOf(tenant),
      async *spare() {
        yield* await store.spareVersions(tenant);
      },
      measure: (anew) => folders.useOf(tenant, anew),
      otherBytes: mirrorBytesOf(tenant) + (this.#coming.get(tenant) ?? 0),
    };
  }

  #ofAll(tenant: string): Bound {
    return {
      mostMb: this.#options.dataMb(),
      spare: () => this.#spareFor(tenant),
      measure: (anew) => this.#dataUse(anew),
      otherBytes: 0,
    };
  }

  /** The tenant's own, and then of those that have more than their part: nobody else makes room for it. */
  async *#spareFor(tenant: string): AsyncIterable<SpareVersion> {
    const { store, tenants } = this.#options;
    yield* await store.spareVersions(tenant);
    for (const other of tenants()) {
      if (other === tenant || !await this.#isOver(other)) continue;
      for (const version of await store.spareVersions(other)) {
        if (!await this.#isOver(other)) break;
        yield version;
      }
    }
  }

  async #isOver(tenant: string): Promise<boolean> {
    const { mostMb, measure, otherBytes } = this.#ofTenant(tenant);
    return (await measure(false)).bytes + otherBytes > mostMb * MiB;
  }

  /** Resolves with the bytes that are free when the files are there; less than 0 if they do not fit. */
  async #fit(files: readonly DiskFile[], { mostMb, spare, measure, otherBytes }: Bound): Promise<number> {
    const { store, folders } = this.#options;
    let use = await measure(false);
    const leftBytes = () => mostMb * MiB - use.bytes - use.growth(files) - otherBytes;
    if (leftBytes() < 0) use = await measure(true);
    if (leftBytes() >= 0) return leftBytes();
    for await (const { version, ...id } of spare()) {
      await store.removeVersions(id, [version]);
      const gone = await folders.remove(id, version);
      for (const file of gone) this.#data.use.remove(file);
      if (leftBytes() >= 0) break;
    }
    return leftBytes();
  }

  async #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(task);
    this.#last = turn.catch(() => {});
    return await turn;
  }

  async #dataUse(anew: boolean): Promise<DiskUse> {
    const { clock, data, folders } = this.#options;
    if (anew || clock.monotonic() > this.#data.untilMs) {
      // What is still made is counted when it comes.
      const use = await diskUse(data, folders.drafts);
      this.#data = { use, untilMs: clock.monotonic() + MEASURED_FOR_MS };
    }
    return this.#data.use;
  }

  #comes(tenant: string, bytes: number): void {
    const coming = (this.#coming.get(tenant) ?? 0) + bytes;
    if (coming === 0) this.#coming.delete(tenant);
    else this.#coming.set(tenant, coming);
  }
}

const SEE_DOCTOR = "`mayfly doctor` shows what takes how much";

const whose = (tenant: string): string => tenant === HOME ? "the functions outside of all @ folders" : `@${tenant}`;

const refused = (why: string): BuildError => new BuildError(`Cannot keep it: ${why}`);
