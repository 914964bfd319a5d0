import assert from "node:assert/strict";
import { join } from "node:path";
import { Cache } from "../src/setup/cache.ts";
import { cacheDirOf, openCacheDir } from "../src/setup/cache_dir.ts";
import { archiveOf } from "./nested/archive.ts";
import { kernelRecipe } from "./nested/kernel.ts";
import { type Machine, QEMU, runHere, runInMachine } from "./nested/machine.ts";
import { programsRecipe } from "./nested/programs.ts";
import type { Results } from "./nested/results.ts";
import { rootOf } from "./nested/root.ts";

/**
 * The microVM engine on both kinds of KVM: this machine's, and that of real hardware, which runs in an emulated machine. Each
 * test of the suite is one here.
 */

const MACHINES: readonly Machine[] = [
  { cpu: "max" },
  { cpu: "max,-npt" },
  { cpu: "EPYC", only: "a " },
  { cpu: "max,-smep,-smap", only: "a " },
  { cpu: "max,-xsave", only: "a " },
];

const env = Deno.env.toObject();
const isCi = env.CI === "true";
const cache = new Cache(cacheDirOf(env), console.log);
await openCacheDir(cache.dir);

if (await canRun("cc")) {
  const programs = await cache.folder(await programsRecipe());
  await registerHere(programs);
  await registerMachines(programs);
} else skip("the engine on both kinds of KVM", "there is no C compiler");

async function registerHere(programs: string): Promise<void> {
  try {
    (await Deno.open("/dev/kvm", { read: true, write: true })).close();
  } catch {
    return skip("on this machine", "it has no KVM that this user may use");
  }
  register("on this machine", await runHere(programs));
}

async function registerMachines(programs: string): Promise<void> {
  if (!await canRun(QEMU)) return skip("on kvm-amd", `there is no ${QEMU}`);
  const recipe = await kernelRecipe();
  if (recipe === null) return skip("on kvm-amd", "apt knows no kernel (run apt-get update)");
  let kernel: string;
  try {
    kernel = await cache.folder(recipe);
  } catch (error) {
    return skip("on kvm-amd", error instanceof Error ? error.message : String(error));
  }
  await runAll(programs, kernel);
}

async function runAll(programs: string, kernel: string): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    const root = join(dir, "root.cpio");
    await Deno.writeFile(root, archiveOf(await rootOf(programs, kernel)).stream());
    // The long ones keep both of two CPUs busy.
    const rest = MACHINES.values();
    const lane = async () => {
      for (const machine of rest) {
        register(`on kvm-amd of -cpu ${machine.cpu}`, await runInMachine(machine, kernel, root));
      }
    };
    await Promise.all([lane(), lane()]);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

function register(where: string, results: Results): void {
  for (const [name, why] of results) Deno.test(`${where}: ${name}`, () => assert.equal(why, null));
}

/** What a developer's machine may lack; in CI it fails. */
function skip(name: string, why: string): void {
  Deno.test({ name: `${name}: ${why}`, ignore: !isCi, fn: () => assert.fail(why) });
}

async function canRun(program: string): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" }).output()).success;
  } catch {
    return false;
  }
}
