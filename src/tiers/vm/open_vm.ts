import { createHash } from "node:crypto";
import { join } from "node:path";
import { NativeCell } from "../../../ffi/native_cell.ts";
import type { Symbols } from "../../../ffi/symbols.ts";
import type { FunctionRuntime, NativePlan, RuntimeImage } from "../../../runtimes/runtime.ts";
import type { StepsContext } from "../steps.ts";
import type { Artifact } from "../tier.ts";
import { CellStarter } from "./cell_starter.ts";
import { Cells } from "./cells.ts";
import { Images } from "./images.ts";
import type { PackImage } from "./own_files.ts";
import { Runtimes } from "./runtimes.ts";
import { Users } from "./users.ts";
import { runtimesUsed } from "./version_snapshot.ts";
import { VmTier } from "./vm.ts";

export interface OpenVmOptions extends StepsContext {
  readonly symbols: Symbols;
  /** The cells' program, and what names its build. */
  readonly program: { readonly path: string; readonly id: string };
  /** The data folder, and where the versions' folders are. */
  readonly folder: string;
  readonly versions: string;
  readonly env: Readonly<Record<string, string>>;
  readonly cores: number;
  readonly runtimes: readonly FunctionRuntime[];
  /** What native programs may see. */
  readonly images: readonly RuntimeImage[];
  readonly planOf: (artifact: Artifact) => NativePlan;
  /** The path of a runtime's packed image, made if need be. */
  readonly imageOf: (image: RuntimeImage) => Promise<string>;
  readonly pack: PackImage;
  readonly memoryOf: (pid: number) => number;
  readonly memoryBytesOf: (tenant: string) => number;
  readonly cpuShareOf: (tenant: string) => number;
  readonly onTrouble: (message: string) => void;
}

const KVM = "/dev/kvm";
const ROOT = 0;

/** Throws why this machine can run no microVMs. `missing`: what their jail has to do without here. */
export async function openVm(options: OpenVmOptions): Promise<{ tier: VmTier; missing: string | null }> {
  const { symbols, program, folder, versions, env, runtimes: kinds, imageOf } = options;
  const sockets = await Deno.makeTempDir({ prefix: "mayfly-" });
  let opened = 0;
  const open = () =>
    NativeCell.open(symbols, {
      program: program.path,
      kvm: KVM,
      wakeSocket: join(sockets, `cell-${++opened}`),
    });
  const users = Deno.uid() === ROOT ? await Users.open(folder) : null;
  const starter = new CellStarter({ ...options, open, users });
  const missing = await starter.probe();

  const known = [...kinds.map(({ image }) => image), ...options.images];
  const keys = new Map<string, string>();
  // What is not there now has no key; its functions are told why when they are built.
  for (const image of known) keys.set(image.name, await image.key(env).catch(() => ""));
  const engineId = hashOf([program.id, ...keys.values()]);
  const images = new Images(async (image) => ({ file: await imageOf(image), key: keys.get(image.name) ?? "" }));
  const runtimes = await Runtimes.open({
    ...options,
    folder: join(folder, "runtimes"),
    starter,
    images,
    runtimes: kinds,
    engineId: program.id,
    used: () => runtimesUsed(versions),
  });
  const tier: VmTier = new VmTier({
    ...options,
    starter,
    runtimes,
    images,
    known,
    engineId,
    cells: new Cells({
      ...options,
      starter,
      onDamaged: (stored) => tier.damaged(stored),
    }),
    onClose: () => Deno.remove(sockets, { recursive: true }),
  });
  return { tier, missing };
}

function hashOf(parts: readonly string[]): string {
  return createHash("sha256").update(parts.join(" ")).digest("hex").slice(0, 16);
}
