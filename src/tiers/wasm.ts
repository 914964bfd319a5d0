import type { Clock } from "../clock.ts";
import { MayflyError } from "../errors.ts";
import type { Engine } from "./engine.ts";
import { Residents } from "./residents.ts";
import type { Artifact, GuestLine, Prepared, Snapshot, Tier, TierBudget } from "./tier.ts";
import { WasmBuild } from "./wasm_build.ts";
import { WasmSnapshot } from "./wasm_snapshot.ts";

export interface WasmTierOptions {
  readonly clock: Clock;
  /** On a machine's first start the engine is built while the server is up already. */
  readonly engine: Promise<Engine>;
  readonly residentBytes: number;
}

const IMAGE_FILE = "snapshot.bin";

/** Runs JavaScript in Wasm sandboxes inside this process. */
export class WasmTier implements Tier {
  readonly name = "wasm";
  readonly #options: WasmTierOptions;
  readonly #residents: Residents;
  #engine: Engine | null = null;

  constructor(options: WasmTierOptions) {
    this.#options = options;
    this.#residents = new Residents(options.residentBytes);
    options.engine.then((engine) => this.#engine = engine, () => {});
  }

  async prepare(
    artifact: Artifact,
    dir: string,
    log: (line: GuestLine) => void,
    signal: AbortSignal,
  ): Promise<Prepared> {
    const engine = await this.#options.engine;
    const build = new WasmBuild(engine, this.#options.clock, artifact, log, signal);
    const { kind, image } = await build.run();
    await Deno.writeFile(`${dir}/${IMAGE_FILE}`, image);
    const snapshot = this.#snapshot(engine, artifact, dir);
    snapshot.load(image);
    return { snapshot, kind, snapshotBytes: image.length };
  }

  load(artifact: Omit<Artifact, "bundle">, dir: string): Promise<Snapshot> {
    if (this.#engine) return Promise.resolve(this.#snapshot(this.#engine, artifact, dir));
    return Promise.reject(
      new MayflyError("not_deployed", "The JavaScript engine is being built", { retryAfterS: 5 }),
    );
  }

  resize(budget: TierBudget): void {
    this.#residents.resize(budget.memoryBytes);
  }

  async close(): Promise<void> {
    await this.#engine?.close();
  }

  #snapshot(engine: Engine, { settings }: Omit<Artifact, "bundle">, dir: string): WasmSnapshot {
    return new WasmSnapshot({
      engine,
      residents: this.#residents,
      clock: this.#options.clock,
      settings,
      read: () => Deno.readFile(`${dir}/${IMAGE_FILE}`),
    });
  }
}
