import { join } from "node:path";
import { BuildError, PACKAGES, PassingError } from "../tiers/tier.ts";
import { placed } from "./placed.ts";
import type { ProgramJob } from "./program.ts";
import type { PythonPackages } from "./python_packages.ts";
import { RequirementError } from "./requirements.ts";
import type { Source } from "./sources.ts";

/** What a function's requirements.txt names, installed. */
export interface Required {
  /** Part of what the version is made of. */
  readonly made: { readonly packages: readonly string[]; readonly lock: string | null };
  /** Puts the packages beside the version's files. */
  stage(versionFolder: string): Promise<void>;
}

const REQUIREMENTS = "requirements.txt";

/** The function's own file counts before the root's. */
export function requirementsOf({ folder }: Source): string[] {
  return folder === null ? [REQUIREMENTS] : [`${folder}/${REQUIREMENTS}`, REQUIREMENTS];
}

/** Throws a BuildError with the line that cannot be installed. */
export async function installRequired(
  packages: Pick<PythonPackages, "install">,
  { root, source, signal, onProgress }: Pick<ProgramJob, "root" | "source" | "signal" | "onProgress">,
): Promise<Required> {
  const file = requirementsOf(source).find((path) => root.mirror.files.has(path));
  if (file === undefined) return { made: { packages: [], lock: null }, stage: () => Promise.resolve() };
  const text = await Deno.readTextFile(root.mirror.pathOf(file));
  const install = async () => {
    try {
      return await packages.install(root.tenant, text, signal, onProgress);
    } catch (error) {
      if (!(error instanceof RequirementError)) throw error;
      const place = { file, line: error.line, column: 1 };
      throw new BuildError(placed(error.message, place), place);
    }
  };
  const installed = await install();
  return {
    made: {
      packages: installed.packages,
      // As for all that has packages: what is current is asked in the same way.
      lock: installed.packages.length > 0 ? root.lock?.hash ?? null : null,
    },
    stage: async (versionFolder) => {
      if (installed.image === null) return;
      const packagesFile = join(versionFolder, PACKAGES);
      try {
        return await Deno.link(installed.image, packagesFile);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
      // It went for what was installed since.
      const again = await install();
      if (again.image === null || again.packages.join() !== installed.packages.join()) {
        throw new PassingError(`Cannot build with ${file}: its packages changed meanwhile`);
      }
      await Deno.link(again.image, packagesFile);
    },
  };
}
