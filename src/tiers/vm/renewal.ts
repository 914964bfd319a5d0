import { join } from "node:path";
import type { Clock } from "../../clock.ts";
import { LIMITS } from "../../limits.ts";
import { qualifiedName } from "../../types.ts";
import type { Artifact } from "../tier.ts";
import { keptFiles } from "./own_files.ts";
import { runtimeOf } from "./runtimes.ts";
import { readVersion, RECORD, SNAPSHOT, type VersionParts } from "./version_snapshot.ts";
import { VmBuild, type VmBuildOptions } from "./vm_build.ts";
import type { VmSnapshot } from "./vm_snapshot.ts";

export interface RenewalOptions extends VmBuildOptions, VersionParts {
  readonly clock: Clock;
  /** The files of a version are others now. */
  readonly onRenewed: (artifact: Omit<Artifact, "bundle">) => Promise<void>;
  /** Removes what no version needs any more. */
  readonly sweep: () => Promise<void>;
  readonly onTrouble: (message: string) => void;
}

const LOOK_MS = 60_000;
const LOOKS_PER_SWEEP = 60;
/** In a version's folder: what is made for it, and what is not needed for long any more. */
const RENEWING = "renewing";
const OLD = "old.bin";

/** Makes snapshots anew that are old, were cloned very often or are doubted, one after the other, while they go on serving. */
export class Renewal {
  readonly #options: RenewalOptions;
  readonly #live = new Map<VmSnapshot, Omit<Artifact, "bundle">>();
  readonly #stop = new AbortController();
  readonly #looks: ReturnType<typeof setInterval>;
  #renewing: Promise<void> | null = null;
  #looked = 0;

  constructor(options: RenewalOptions) {
    this.#options = options;
    this.#looks = setInterval(() => this.look(), LOOK_MS);
    Deno.unrefTimer(this.#looks);
  }

  get snapshots(): Iterable<VmSnapshot> {
    return this.#live.keys();
  }

  add(snapshot: VmSnapshot, artifact: Omit<Artifact, "bundle">): void {
    this.#live.set(snapshot, artifact);
  }

  remove(snapshot: VmSnapshot): void {
    this.#live.delete(snapshot);
  }

  /** Renews what is due. Resolves when that is done. */
  look(): Promise<void> {
    this.#renewing ??= this.#renewAll().finally(() => this.#renewing = null);
    return this.#renewing;
  }

  async close(): Promise<void> {
    clearInterval(this.#looks);
    this.#stop.abort();
    await this.#renewing;
  }

  async #renewAll(): Promise<void> {
    const { clock, sweep, onTrouble } = this.#options;
    for (const [snapshot, artifact] of [...this.#live]) {
      const ageMs = clock.now() - snapshot.stored.record.madeAtMs;
      if (this.#stop.signal.aborted) return;
      const { clones, isDoubted } = snapshot;
      const isDue = ageMs >= LIMITS.snapshotAgeMs || clones >= LIMITS.snapshotClones || isDoubted;
      if (!isDue || !this.#live.has(snapshot)) continue;
      try {
        await this.#renew(snapshot, artifact);
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        // It went meanwhile, and its folder with it.
        if (!this.#live.has(snapshot)) continue;
        onTrouble(`Cannot renew the snapshot of ${qualifiedName(artifact.id)}: ${error}`);
      }
    }
    if (++this.#looked % LOOKS_PER_SWEEP !== 0) return;
    await sweep().catch((error) => onTrouble(`Cannot remove old runtimes: ${error}`));
  }

  async #renew(snapshot: VmSnapshot, artifact: Omit<Artifact, "bundle">): Promise<void> {
    const { stored } = snapshot;
    const { folder } = stored;
    const runtime = runtimeOf(artifact.language);
    // What it has of an old runtime would be as old as that.
    if (runtime !== null) await this.#options.runtimes.fresh(runtime);
    const to = join(folder, RENEWING);
    const clean = () => Deno.remove(to, { recursive: true }).catch(() => {});
    await clean();
    await Deno.mkdir(to);
    try {
      const bundle = artifact.language === "js" ? await Deno.readFile(join(folder, artifact.file)) : new Uint8Array();
      const files = await keptFiles(folder);
      const job = { artifact: { ...artifact, bundle }, folder, to, files, log: () => {}, signal: this.#stop.signal };
      await VmBuild.run(this.#options, job);
      // A cell that starts meanwhile for a request that came before still needs it.
      await stored.setAside(join(to, OLD));
      await Deno.rename(join(to, SNAPSHOT), join(folder, SNAPSHOT));
      await Deno.rename(join(to, RECORD), join(folder, RECORD));
      snapshot.replace(await readVersion(folder, this.#options)).then(clean);
    } catch (error) {
      await clean();
      throw error;
    }
    await this.#options.onRenewed(artifact);
  }
}
