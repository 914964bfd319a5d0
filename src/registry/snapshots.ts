import { MayflyError } from "../errors.ts";
import type { Artifact, Snapshot } from "../tiers/tier.ts";
import type { Deployment } from "./function.ts";
import type { Managed } from "./managed.ts";
import { mountOf } from "./names.ts";
import type { Language, Source } from "./sources.ts";
import type { Tiers } from "./tier_choice.ts";
import { BUNDLE, type VersionFolders } from "./version_folders.ts";

/** Brings snapshots of deployments within reach when they are first asked for, and lets go of them. */
export class Snapshots {
  readonly #loading = new WeakMap<Deployment, Promise<Snapshot>>();

  constructor(readonly tiers: Tiers, readonly folders: VersionFolders) {}

  /** Rejects when the version's folder is damaged. */
  async load(managed: Managed, deployment: Deployment): Promise<Snapshot> {
    if (deployment.snapshot) return deployment.snapshot;
    let loading = this.#loading.get(deployment);
    if (!loading) {
      loading = this.#load(managed, deployment);
      this.#loading.set(deployment, loading);
    }
    return await loading;
  }

  /** Runs that are under way end; no new ones begin. */
  async retire(deployment: Deployment | null): Promise<void> {
    const snapshot = deployment?.snapshot;
    if (!deployment || !snapshot) return;
    deployment.snapshot = null;
    await snapshot.dispose();
  }

  async #load({ entry, source }: Managed, deployment: Deployment): Promise<Snapshot> {
    const { id, route } = entry;
    const { version, settings, language } = deployment;
    if (!await this.folders.isWhole(id, version)) {
      throw new Error(`Cannot load version ${version}: its files are damaged`);
    }
    const mount = mountOf(id, route);
    const artifact = { id, version, settings, mount, language, run: settings.run, ...partsOf(source, language) };
    const snapshot = await this.tiers[settings.tier].load(artifact, this.folders.of(id, version));
    if (entry.active === deployment) {
      deployment.snapshot = snapshot;
      return snapshot;
    }
    await snapshot.dispose();
    throw new MayflyError("not_deployed", "The function was just replaced", { retryAfterS: 1 });
  }
}

/** As its program had them when it was built. */
function partsOf({ file, folder }: Source, language: Language): Pick<Artifact, "file" | "entry" | "folder"> {
  if (language === "js") return { file: BUNDLE, folder: folder ?? "" };
  return { file, entry: file === folder ? undefined : file, folder: folder ?? "" };
}
