import { MayflyError } from "../../errors.ts";
import type { Prepared, Snapshot, Tier } from "../tier.ts";

/** The VM tier of a server that cannot run it: it refuses, and says why. */
export class NoVmTier implements Tier {
  readonly name = "vm";
  onDamaged: Tier["onDamaged"] = null;

  constructor(readonly unavailable: string) {}

  engineOf(): string {
    return "";
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
    return new MayflyError("tier_unavailable", `MicroVMs do not run here: ${this.unavailable}`);
  }
}
