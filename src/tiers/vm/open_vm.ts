import { join } from "node:path";
import { NativeCell } from "../../../ffi/native_cell.ts";
import { NativeGroups } from "../../../ffi/native_groups.ts";
import type { Symbols } from "../../../ffi/symbols.ts";
import type { FunctionRuntime, NativePlan, RuntimeImage } from "../../../runtimes/runtime.ts";
import type { StepsContext } from "../steps.ts";
import type { Artifact } from "../tier.ts";
import { CellStarter } from "./cell_starter.ts";
import { Cells } from "./cells.ts";
import { Cgroups } from "./cgroups.ts";
import { engineOf } from "./engines.ts";
import { Images } from "./images.ts";
import type { PackImage } from "./own_files.ts";
import { Runtimes } from "./runtimes.ts";
import { Users } from "./users.ts";
import { neededBy, type VersionParts } from "./version_snapshot.ts";
import { VmTier } from "./vm_tier.ts";

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

export interface OpenedVm {
  readonly tier: VmTier;
  /** What the cells' jail has to do without here. */
  readonly missing: string | null;
  readonly groups: Cgroups;
}

/** Throws why this machine can run no microVMs. */
export async function openVm(options: OpenVmOptions): Promise<OpenedVm> {
  const { symbols, program, folder, versions, env, cores, runtimes: kinds, imageOf, onTrouble } = options;
  await using closing = new AsyncDisposableStack();
  const isRoot = Deno.uid() === ROOT;
  const users = isRoot ? await Users.open(folder) : null;
  const groups = await Cgroups.open({
    files: new NativeGroups(symbols),
    pid: Deno.pid,
    id: crypto.randomUUID().slice(0, 8),
    isRoot,
    isGiven: env.MAYFLY_CGROUPS === "own",
    cores,
    onTrouble,
  });
  closing.defer(() => groups.close());
  const starter = new CellStarter({ ...options, open: () => openCell(symbols, program.path), groups, users });
  const known = [...kinds.map(({ image }) => image), ...options.images];
  // What is not there now has no key; its functions are told why when they are built.
  const [missing, ...made] = await Promise.all([
    starter.probe(),
    ...known.map((image) => image.key(env).catch(() => "")),
  ]);
  const keys = new Map(known.map(({ name }, at) => [name, made[at]]));
  const engines = { program: program.id, keys, native: options.images.map(({ name }) => name) };
  const images = new Images(async (image) => ({ file: await imageOf(image), key: keys.get(image.name) ?? "" }));
  const runtimes = await Runtimes.open({
    ...options,
    folder: join(folder, "runtimes"),
    starter,
    images,
    runtimes: kinds,
    engineId: program.id,
  });
  const tier: VmTier = new VmTier({
    ...options,
    starter,
    runtimes,
    images,
    known,
    engineOf: (language) => engineOf(language, engines),
    cells: new Cells({
      ...options,
      starter,
      onDamaged: (stored) => tier.damaged(stored),
    }),
    sweep: async () => await runtimes.sweep((await neededBy(versions)).runtimes),
    onClose: () => groups.close(),
  });
  // From here on the tier closes them.
  closing.move();
  prepare(versions, { known, images, runtimes }).catch((error) => options.onTrouble(`Cannot load runtimes: ${error}`));
  return { tier, missing, groups };
}

/** A process that waits to be told whose it is. Its socket has a path, in a folder of the server's own, until both are connected. */
async function openCell(symbols: Symbols, program: string): Promise<NativeCell> {
  const folder = await Deno.makeTempDir({ prefix: "mayfly-" });
  try {
    return await NativeCell.open(symbols, { program, kvm: KVM, wakeSocket: join(folder, "wake") });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Looks at what the versions on disk need before requests do: an image is compared with its hash when it is found. */
async function prepare(versions: string, { known, images, runtimes }: VersionParts): Promise<void> {
  const needed = await neededBy(versions);
  for (const image of known) {
    if (needed.images.has(image.name)) await images.of(image);
  }
  // One that cannot be used any more is told of by whatever needs it.
  await Promise.allSettled([...needed.runtimes].map((id) => runtimes.find(id)));
  await runtimes.sweep(needed.runtimes);
}
