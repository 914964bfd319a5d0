import type { Clock } from "../clock.ts";
import type { Engine } from "./engine.ts";
import { instancesFor, WARM_INSTANCES } from "./open_engine.ts";
import { Residents } from "./residents.ts";
import type { Artifact, GuestLine, Prepared, Snapshot, Tier, TierBudget } from "./tier.ts";
import { WasmBuild } from "./wasm_build.ts";
import { WasmSnapshot } from "./wasm_snapshot.ts";

export interface WasmTierOptions {
  readonly clock: Clock;
  readonly engine: Engine;
  readonly residentBytes: number;
}

const IMAGE_FILE = "snapshot.bin";

/** Runs JavaScript in Wasm sandboxes inside this process. */
export class WasmTier implements Tier {
  readonly name = "wasm";
  readonly #options: WasmTierOptions;
  readonly #residents: Residents;

  constructor(options: WasmTierOptions) {
    this.#options = options;
    this.#residents = new Residents(options.residentBytes);
  }

  async prepare(
    artifact: Artifact,
    dir: string,
    log: (line: GuestLine) => void,
    signal: AbortSignal,
  ): Promise<Prepared> {
    const engine = this.#options.engine;
    const build = new WasmBuild(engine, this.#options.clock, artifact, log, signal);
    const { kind, image } = await build.run();
    await Deno.writeFile(`${dir}/${IMAGE_FILE}`, image);
    const snapshot = this.#snapshot(engine, artifact, dir);
    snapshot.load(image);
    return { snapshot, kind, snapshotBytes: image.length };
  }

  async load(artifact: Omit<Artifact, "bundle">, dir: string): Promise<Snapshot> {
    const snapshot = this.#snapshot(this.#options.engine, artifact, dir);
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

  #snapshot(engine: Engine, { id, settings }: Omit<Artifact, "bundle">, dir: string): WasmSnapshot {
    return new WasmSnapshot({
      engine,
      residents: this.#residents,
      clock: this.#options.clock,
      id,
      settings,
      read: () => Deno.readFile(`${dir}/${IMAGE_FILE}`),
    });
  }
}
