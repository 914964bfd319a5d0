import type { Clock } from "../clock.ts";
import { MiB } from "../limits.ts";
import { diskBytes } from "../state/disk_bytes.ts";
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
  measure(anew: boolean): Promise<number>;
  refusal(mb: number): string;
}

/** The data folder grows by more than versions: so long its size is taken for what it was, and for what came. */
const MEASURED_FOR_MS = 60_000;

/** Keeps what is stored within its bounds: before a version comes, the oldest that nobody needs go. */
export class DiskRoom {
  readonly #options: DiskRoomOptions;
  /** Of versions that were let in and are not there yet. */
  readonly #coming = new Map<string, number>();
  #data = { bytes: 0, untilMs: -Infinity };
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: DiskRoomOptions) {
    this.#options = options;
  }

  /** Lets a version in, which `commit` puts in its place. Throws a BuildError if there is no room for it. */
  async admit<T>({ tenant }: FunctionId, bytes: number, commit: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(() => this.#makeRoom(tenant, bytes));
    this.#last = turn.catch(() => {});
    await turn;
    this.#data.bytes += bytes;
    this.#comes(tenant, bytes);
    try {
      return await commit();
    } finally {
      this.#comes(tenant, -bytes);
    }
  }

  async #makeRoom(tenant: string, bytes: number): Promise<void> {
    const { folders, diskMbOf, dataMb } = this.#options;
    const whose = tenant === HOME ? "the functions outside of all @ folders" : `@${tenant}`;
    const diskMb = diskMbOf(tenant);
    await this.#fit(bytes, {
      mostMb: diskMb,
      tenant,
      measure: async (anew) => await folders.bytesOf(tenant, anew) + (this.#coming.get(tenant) ?? 0),
      refusal: (mb) => `the versions of ${whose} would take ${mb} MB together, and diskMb is ${diskMb}`,
    });
    await this.#fit(bytes, {
      mostMb: dataMb(),
      tenant: null,
      measure: (anew) => this.#dataBytes(anew),
      refusal: (mb) => `the data folder would take ${mb} MB, and the server's dataMb is ${dataMb()}`,
    });
  }

  async #fit(bytes: number, { mostMb, tenant, measure, refusal }: Bound): Promise<void> {
    const { store, folders } = this.#options;
    const most = mostMb * MiB;
    if (await measure(false) + bytes <= most) return;
    let total = await measure(true) + bytes;
    const spare = total > most ? await store.spareVersions(tenant) : [];
    for (const { version, ...id } of spare) {
      if (total <= most) break;
      await store.removeVersions(id, [version]);
      const freed = await folders.remove(id, version);
      this.#data.bytes -= freed;
      total -= freed;
    }
    if (total > most) throw new BuildError(`Cannot keep it: ${refusal(Math.ceil(total / MiB))}`);
  }

  async #dataBytes(anew: boolean): Promise<number> {
    const { clock, data, folders } = this.#options;
    if (anew || clock.monotonic() > this.#data.untilMs) {
      // What is still made is counted when it comes.
      const bytes = await diskBytes(data) - await folders.draftBytes();
      this.#data = { bytes, untilMs: clock.monotonic() + MEASURED_FOR_MS };
    }
    return this.#data.bytes;
  }

  #comes(tenant: string, bytes: number): void {
    const coming = (this.#coming.get(tenant) ?? 0) + bytes;
    if (coming === 0) this.#coming.delete(tenant);
    else this.#coming.set(tenant, coming);
  }
}
