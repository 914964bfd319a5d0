import type { Clock } from "../clock.ts";
import { MiB } from "../limits.ts";
import { type DiskFile, diskFiles, DiskUse, diskUse } from "../state/disk_bytes.ts";
import type { Store } from "../state/store.ts";
import { BuildError } from "../tiers/tier.ts";
import { type FunctionId, HOME } from "../types.ts";
import type { VersionFolders } from "./version_folders.ts";

export interface DiskRoomOptions {
  readonly clock: Clock;
  /** The whole data folder. */
  readonly data: string;
  readonly store: Pick<Store, "spareVersions" | "removeVersions">;
  readonly folders: VersionFolders;
  readonly diskMbOf: (tenant: string) => number;
  readonly dataMb: () => number;
}

/** What may not grow without end. */
interface Bound {
  readonly mostMb: number;
  /** Whose versions may go for it; null: everybody's. */
  readonly tenant: string | null;
  /** What is there; `anew`: exactly. */
  measure(anew: boolean): Promise<DiskUse>;
  /** What was let in and is not there yet. */
  readonly comingBytes: number;
  refusal(mb: number): string;
}

/** The data folder grows by more than versions: so long its size is taken for what it was, and for what came. */
const MEASURED_FOR_MS = 60_000;

/** Keeps what is stored within its bounds: before a version comes, the oldest that nobody needs go. */
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
    const turn = this.#last.then(() => this.#makeRoom(tenant, files));
    this.#last = turn.catch(() => {});
    const bytes = await turn;
    for (const file of files) this.#data.use.add(file);
    this.#comes(tenant, bytes);
    try {
      return await commit();
    } finally {
      this.#comes(tenant, -bytes);
    }
  }

  /** Resolves with what the tenant's versions grow by. */
  async #makeRoom(tenant: string, files: readonly DiskFile[]): Promise<number> {
    const { folders, diskMbOf, dataMb } = this.#options;
    const whose = tenant === HOME ? "the functions outside of all @ folders" : `@${tenant}`;
    const diskMb = diskMbOf(tenant);
    const bytes = await this.#fit(files, {
      mostMb: diskMb,
      tenant,
      measure: (anew) => folders.useOf(tenant, anew),
      comingBytes: this.#coming.get(tenant) ?? 0,
      refusal: (mb) => `the versions of ${whose} would take ${mb} MB together, and diskMb is ${diskMb}`,
    });
    await this.#fit(files, {
      mostMb: dataMb(),
      tenant: null,
      measure: (anew) => this.#dataUse(anew),
      comingBytes: 0,
      refusal: (mb) => `the data folder would take ${mb} MB, and the server's dataMb is ${dataMb()}`,
    });
    return bytes;
  }

  /** Resolves with what comes: packages that another version has as well are there already. */
  async #fit(
    files: readonly DiskFile[],
    { mostMb, tenant, measure, comingBytes, refusal }: Bound,
  ): Promise<number> {
    const { store, folders } = this.#options;
    const most = mostMb * MiB;
    let use = await measure(false);
    const totalBytes = () => use.bytes + use.growth(files) + comingBytes;
    if (totalBytes() > most) use = await measure(true);
    const spare = totalBytes() > most ? await store.spareVersions(tenant) : [];
    for (const { version, ...id } of spare) {
      if (totalBytes() <= most) break;
      await store.removeVersions(id, [version]);
      const gone = await folders.remove(id, version);
      for (const file of gone) this.#data.use.remove(file);
    }
    if (totalBytes() > most) throw new BuildError(`Cannot keep it: ${refusal(Math.ceil(totalBytes() / MiB))}`);
    return use.growth(files);
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
