import type { Clock } from "../../clock.ts";
import { jsContext, wasiContext } from "../context.ts";
import type { Engine } from "./engine.ts";
import { instancesFor, WARM_INSTANCES } from "./open_engine.ts";
import { VersionFiles } from "../version_files.ts";
import { Residents } from "./residents.ts";
import type { Artifact, GuestLine, Prepared, Snapshot, Tier, TierBudget } from "../tier.ts";
import type { WasiModules } from "./wasi.ts";
import { buildImage } from "./wasm_build.ts";
import { type LoadedSnapshot, WasmSnapshot } from "./wasm_snapshot.ts";

export interface WasmTierOptions {
  /** Of the engine's image: a snapshot fits no other. */
  readonly engineId: string;
  readonly clock: Clock;
  readonly engine: Engine;
  readonly wasi: WasiModules;
  readonly residentBytes: number;
}

const IMAGE_FILE = "snapshot.bin";

/** Runs JavaScript and WASI commands in Wasm sandboxes inside this process. */
export class WasmTier implements Tier {
  readonly name = "wasm";
  readonly unavailable = null;
  onDamaged: Tier["onDamaged"] = null;
  readonly #options: WasmTierOptions;
  readonly #residents: Residents;

  constructor(options: WasmTierOptions) {
    this.#options = options;
    this.#residents = new Residents(options.residentBytes);
  }

  engineOf(): string {
    return this.#options.engineId;
  }

  async prepare(
    artifact: Artifact,
    dir: string,
    log: (line: GuestLine) => void,
    signal: AbortSignal,
  ): Promise<Prepared> {
    const { engine, clock } = this.#options;
    if (artifact.language === "wasi") return await this.#prepareWasi(artifact, dir, signal);
    const files = new VersionFiles(dir);
    const { kind, image } = await buildImage({ engine, clock, artifact, files, log, signal })
      .finally(() => files.close());
    await Deno.writeFile(`${dir}/${IMAGE_FILE}`, image);
    const snapshot = this.#snapshot(artifact, dir);
    snapshot.adopt(imageInEngine(engine, image));
    return { snapshot, kind, snapshotBytes: image.length };
  }

  async #prepareWasi(artifact: Artifact, dir: string, signal: AbortSignal): Promise<Prepared> {
    const loaded = await this.#options.wasi.prepare(artifact, dir, signal);
    const snapshot = this.#snapshot(artifact, dir);
    snapshot.adopt(loaded);
    return { snapshot, kind: "wasi", snapshotBytes: loaded.bytes };
  }

  async load(artifact: Omit<Artifact, "bundle">, dir: string): Promise<Snapshot> {
    const snapshot = this.#snapshot(artifact, dir);
    await snapshot.fetch();
    return snapshot;
  }

  resize(budget: TierBudget): void {
    this.#residents.resize(budget.memoryBytes);
    this.#options.engine.native.resize(instancesFor(budget.concurrency), WARM_INSTANCES);
  }

  async close(): Promise<void> {
    await this.#options.engine.close();
  }

  #snapshot(artifact: Omit<Artifact, "bundle">, dir: string): WasmSnapshot {
    const { engine, wasi } = this.#options;
    const { id, version, settings } = artifact;
    const isWasi = artifact.language === "wasi";
    return new WasmSnapshot({
      engine,
      residents: this.#residents,
      clock: this.#options.clock,
      id,
      settings,
      files: new VersionFiles(dir),
      bring: async (dir) =>
        isWasi ? await wasi.load(artifact, dir) : imageInEngine(engine, await Deno.readFile(`${dir}/${IMAGE_FILE}`)),
      onDamaged: (error) => this.onDamaged?.(id, version, error),
      contextOf: isWasi ? wasiContext(artifact.mount) : jsContext,
    });
  }
}

/** Throws if it is no image of this engine's. */
function imageInEngine({ native }: Engine, image: Uint8Array<ArrayBuffer>): LoadedSnapshot {
  return { id: native.snapshotLoad(image), bytes: image.length };
}
