import { basename, dirname, join } from "node:path";
import { packImage } from "../ffi/native_image.ts";
import type { Symbols } from "../ffi/symbols.ts";
import { runtime as deno } from "../runtimes/deno/image.ts";
import { INTERPRETERS } from "../runtimes/native/interpreters.ts";
import { image as native } from "../runtimes/native/image.ts";
import { nativePlan } from "../runtimes/native/program.ts";
import { runtime as python } from "../runtimes/python/image.ts";
import type { FunctionRuntime } from "../runtimes/runtime.ts";
import type { Setup } from "./setup/setup.ts";
import { MissingTier } from "./tiers/missing_tier.ts";
import type { StepsContext } from "./tiers/steps.ts";
import type { Tier } from "./tiers/tier.ts";
import { openVm } from "./tiers/vm/open_vm.ts";

export interface VmTierParts extends StepsContext {
  readonly setup: Setup;
  readonly symbols: Symbols;
  /** The data folder. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly cores: number;
  readonly memoryOf: (pid: number) => number;
  readonly memoryBytesOf: (tenant: string) => number;
  readonly cpuShareOf: (tenant: string) => number;
  readonly onTrouble: (message: string) => void;
}

/** What functions of the VM tier may be written for. */
export const RUNTIMES: readonly FunctionRuntime[] = [deno, python];

/** The VM tier with all runtimes of this repository, or what says why there can be none. */
export async function openVmTier(parts: VmTierParts): Promise<Tier> {
  const { setup, symbols, folder } = parts;
  try {
    const path = await setup.cell();
    const { tier } = await openVm({
      ...parts,
      program: { path, id: basename(dirname(path)) },
      versions: join(folder, "versions"),
      runtimes: RUNTIMES,
      images: [native, ...Object.values(INTERPRETERS).map(({ image }) => image)],
      planOf: nativePlan,
      imageOf: (image) => setup.runtimeImage(image, symbols),
      pack: (to, sources) => packImage(symbols, to, sources),
    });
    return tier;
  } catch (error) {
    const why = error instanceof Error ? error.message : `${error}`;
    return new MissingTier("vm", `${why}; mayfly doctor says what to do, and the server's next start tries again`);
  }
}
