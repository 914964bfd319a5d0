import { join } from "node:path";
import {
  type Artifact,
  BuildError,
  FILES,
  type GuestLine,
  type Prepared,
  type Snapshot,
  type Tier,
} from "../../src/tiers/tier.ts";
import type { HandlerKind, TierName } from "../../src/types.ts";

/** A tier that runs nothing: its snapshot is the bundle's text. What a module's text says decides how its build ends. */
export class BuildTier implements Tier {
  engine = "engine-1";
  readonly prepared: string[] = [];
  readonly loaded: string[] = [];
  onDamaged: Tier["onDamaged"] = null;
  onRenewed: Tier["onRenewed"] = null;
  opening: Promise<void> | null = null;
  disposed = 0;
  /** Builds wait here while it is set. */
  gate: Promise<void> | null = null;

  constructor(readonly name: TierName = "wasm", public unavailable: string | null = null) {}

  engineOf(): string {
    return this.engine;
  }

  async prepare(
    { id, bundle, entry }: Artifact,
    dir: string,
    log: (line: GuestLine) => void,
    signal: AbortSignal,
  ): Promise<Prepared> {
    const text = entry === undefined
      ? new TextDecoder().decode(bundle)
      : await Deno.readTextFile(join(dir, FILES, entry));
    this.prepared.push(id.name);
    if (this.gate) await Promise.race([this.gate, aborted(signal)]);
    signal.throwIfAborted();
    const said = /console\.log\("(.*?)"\)/.exec(text);
    if (said) log({ level: "info", text: said[1] });
    const lacking = this.name === "wasm" ? /^needs\("(.*?)"\)/m.exec(text) : null;
    if (lacking) throw new BuildError(`ReferenceError: ${lacking[1]} is not defined`);
    const thrown = text.split("\n").findIndex((line) => line.startsWith("throw new Error"));
    if (thrown >= 0) {
      throw new BuildError("Error: thrown at init", null, `    at <anonymous> (bundle.js:${thrown + 1}:7)`);
    }
    await Deno.writeTextFile(join(dir, "snapshot"), text);
    const kind: HandlerKind = text.includes("fetch") ? "fetch" : "handler";
    return { snapshot: this.#snapshot(text), kind, snapshotBytes: text.length };
  }

  async load({ id }: Omit<Artifact, "bundle">, dir: string): Promise<Snapshot> {
    this.loaded.push(id.name);
    return this.#snapshot(await Deno.readTextFile(join(dir, "snapshot")));
  }

  resize(): void {}

  close(): Promise<void> {
    return Promise.resolve();
  }

  #snapshot(text: string): FakeBuilt {
    return new FakeBuilt(text, () => this.disposed++);
  }
}

/** Knows what it was built from. */
export class FakeBuilt implements Snapshot {
  constructor(readonly text: string, readonly onDispose: () => void) {}

  moved(): void {}

  run(): never {
    throw new Error("Cannot run: this snapshot is a test's");
  }

  dispose(): Promise<void> {
    this.onDispose();
    return Promise.resolve();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
