import type { Prepared, Snapshot, Tier } from "./tier.ts";
import { MayflyError } from "../errors.ts";
import type { TierName } from "../types.ts";

/** Stands for a tier that cannot run here: nothing is built for it, and what was built before is refused. */
export class MissingTier implements Tier {
  onDamaged: Tier["onDamaged"] = null;

  constructor(readonly name: TierName, readonly unavailable: string) {}

  engineOf(): string {
    return "none";
  }

  prepare(): Promise<Prepared> {
    return Promise.reject(this.#refusal());
  }

  load(): Promise<Snapshot> {
    return Promise.reject(this.#refusal());
  }

  resize(): void {}

  close(): Promise<void> {
    return Promise.resolve();
  }

  #refusal(): MayflyError {
    return new MayflyError("tier_unavailable", this.unavailable);
  }
}
