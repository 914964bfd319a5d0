import { jsContext } from "../context.ts";
import { type Artifact, BuildError, type GuestLine, type Prepared, type Snapshot, type Tier } from "../tier.ts";
import type { TierBudget } from "../tier.ts";
import type { Cells } from "./cells.ts";
import type { CellStarter } from "./cell_starter.ts";
import { keepFiles, type PackImage } from "./own_files.ts";
import { Renewal } from "./renewal.ts";
import type { StoredSnapshot } from "./stored.ts";
import { readVersion, type VersionParts, type VersionSnapshot } from "./version_snapshot.ts";
import { VmBuild, type VmBuildOptions } from "./vm_build.ts";
import { VmSnapshot } from "./vm_snapshot.ts";

export interface VmTierOptions extends VmBuildOptions, VersionParts {
  readonly starter: CellStarter;
  readonly cells: Cells;
  readonly pack: PackImage;
  readonly engineOf: Tier["engineOf"];
  readonly sweep: () => Promise<void>;
  readonly onTrouble: (message: string) => void;
  readonly onClose: () => Promise<void>;
}

const DAMAGED = new Error("Cannot use the snapshot: a part of it is not what was written");

/** Runs any language in microVMs, in a process of its own for each tenant. */
export class VmTier implements Tier {
  readonly name = "vm";
  readonly unavailable = null;
  onDamaged: Tier["onDamaged"] = null;
  onRenewed: Tier["onRenewed"] = null;
  readonly #options: VmTierOptions;
  readonly #renewal: Renewal;

  constructor(options: VmTierOptions) {
    this.#options = options;
    this.#renewal = new Renewal({
      ...options,
      onRenewed: async ({ id, version }) => await this.onRenewed?.(id, version),
    });
  }

  engineOf(language: Artifact["language"]): string {
    return this.#options.engineOf(language);
  }

  async prepare(
    artifact: Artifact,
    dir: string,
    log: (line: GuestLine) => void,
    signal: AbortSignal,
  ): Promise<Prepared> {
    if (artifact.language === "wasi") throw new BuildError("Cannot run it: the VM tier runs no WASI modules");
    const files = await keepFiles(artifact, dir, this.#options.pack);
    const { kind } = await VmBuild.run(this.#options, { artifact, folder: dir, to: dir, files, log, signal });
    const stored = await readVersion(dir, this.#options);
    const { size } = await Deno.stat(stored.file);
    return { snapshot: this.#snapshot(artifact, stored), kind, snapshotBytes: size };
  }

  async load(artifact: Omit<Artifact, "bundle">, dir: string): Promise<Snapshot> {
    return this.#snapshot(artifact, await readVersion(dir, this.#options));
  }

  /** A cell found that a snapshot is not what was written: a version's, or a runtime's, of which all its functions are. */
  async damaged(stored: StoredSnapshot): Promise<void> {
    const { runtimes } = this.#options;
    if (await runtimes.isWhole(stored)) return;
    const snapshots = [...this.#renewal.snapshots];
    snapshots.find((snapshot) => snapshot.stored === stored)?.damaged(DAMAGED);
    const children = snapshots.filter((snapshot) => snapshot.stored.parent === stored);
    for (const snapshot of children) snapshot.doubt(DAMAGED);
    await runtimes.forget(stored);
    // One after the other: all at once would keep every tenant from building.
    if (children.length > 0) await this.renew();
  }

  /** Makes snapshots anew that are too old, as it does by itself now and then. */
  async renew(): Promise<void> {
    await this.#renewal.look();
  }

  resize({ memoryBytes }: TierBudget): void {
    this.#options.cells.resize(memoryBytes);
  }

  /** For metrics: what cells count, in all. */
  async stats(): Promise<Readonly<Record<string, number>>> {
    const { cells } = this.#options;
    return { ...await cells.figures(), cells: cells.count, cellsStarted: cells.started };
  }

  async close(): Promise<void> {
    const { cells, starter, onClose } = this.#options;
    await this.#renewal.close();
    await cells.close();
    await starter.close();
    await onClose();
  }

  #snapshot(artifact: Omit<Artifact, "bundle">, stored: VersionSnapshot): VmSnapshot {
    const { cells, clock, starter } = this.#options;
    starter.expect();
    const { id, version, settings, language, mount, file, entry, folder, run } = artifact;
    const snapshot = new VmSnapshot({
      cells,
      clock,
      id,
      settings,
      contextOf: language === "native" ? () => "" : jsContext,
      onDamaged: (error) => this.onDamaged?.(id, version, error),
      onDispose: (snapshot) => this.#renewal.remove(snapshot),
    }, stored);
    // Without the bundle, which is in the version's folder.
    this.#renewal.add(snapshot, { id, version, settings, language, mount, file, entry, folder, run });
    return snapshot;
  }
}
