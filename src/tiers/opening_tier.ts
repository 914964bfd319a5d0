import type { FunctionId, TierName } from "../types.ts";
import type { Artifact, GuestLine, Prepared, Snapshot, Tier, TierBudget } from "./tier.ts";

/** A tier that is still being set up: what it builds waits for it, and nobody else. */
export class OpeningTier implements Tier {
  readonly #opened: Promise<Tier>;
  #tier: Tier | null = null;
  #budget: TierBudget | null = null;
  onDamaged: Tier["onDamaged"] = null;
  onRenewed: Tier["onRenewed"] = null;

  /** `opened` never rejects. */
  constructor(readonly name: TierName, opened: Promise<Tier>) {
    this.#opened = opened.then((tier) => this.#take(tier));
  }

  /** Null once it is open. */
  get opening(): Promise<unknown> | null {
    return this.#tier === null ? this.#opened : null;
  }

  get unavailable(): string | null {
    return this.#tier?.unavailable ?? null;
  }

  engineOf(language: Artifact["language"]): string {
    return this.#tier?.engineOf(language) ?? "";
  }

  async prepare(
    artifact: Artifact,
    dir: string,
    log: (line: GuestLine) => void,
    signal: AbortSignal,
  ): Promise<Prepared> {
    return await (await this.#opened).prepare(artifact, dir, log, signal);
  }

  async load(artifact: Omit<Artifact, "bundle">, dir: string): Promise<Snapshot> {
    return await (await this.#opened).load(artifact, dir);
  }

  resize(budget: TierBudget): void {
    this.#budget = budget;
    this.#tier?.resize(budget);
  }

  async stats(): Promise<Readonly<Record<string, number>>> {
    return await this.#tier?.stats?.() ?? {};
  }

  async close(): Promise<void> {
    await (await this.#opened).close();
  }

  #take(tier: Tier): Tier {
    this.#tier = tier;
    tier.onDamaged = (id: FunctionId, version: string, error: unknown) => this.onDamaged?.(id, version, error);
    tier.onRenewed = async (id: FunctionId, version: string) => await this.onRenewed?.(id, version);
    if (this.#budget) tier.resize(this.#budget);
    return tier;
  }
}
