import { availableParallelism } from "node:os";
import { basename, dirname, join } from "node:path";
import { openShim } from "../../ffi/symbols.ts";
import type { RuntimeImage } from "../../runtimes/runtime.ts";
import { type Check, ok, warn } from "../cli/host_checks.ts";
import { systemClock as clock } from "../clock.ts";
import { Deadlines } from "../deadlines.ts";
import { OperatorError } from "../errors.ts";
import { hostOf } from "../host/host.ts";
import type { Setup } from "../setup/setup.ts";
import type { Cgroups } from "../tiers/vm/cgroups.ts";
import { openVm } from "../tiers/vm/open_vm.ts";
import { RUNTIMES } from "../vm_tier.ts";

const NEEDED_BY = "other tenants' functions, Python and native programs are refused until then";

/** What the VM tier needs, and what it has to do without here. Its program is compiled on the way. */
export async function vmChecks(setup: Setup, env: Readonly<Record<string, string>>): Promise<Check[]> {
  return [
    await cellProgram(setup),
    ...await jail(setup, env),
    ...await Promise.all(RUNTIMES.map(({ image }) => runtime(image, env))),
  ];
}

async function cellProgram(setup: Setup): Promise<Check> {
  const name = "Cell program";
  try {
    await setup.cell();
    return ok(name, "compiled");
  } catch (error) {
    const hint = error instanceof OperatorError ? error.hint : "report it";
    return warn(name, `${messageOf(error)}; ${NEEDED_BY}`, hint);
  }
}

/** Starts a cell, as for a build, and sees what it says of its jail. */
async function jail(setup: Setup, env: Readonly<Record<string, string>>): Promise<Check[]> {
  const name = "VM tier";
  const scratch = await Deno.makeTempDir({ prefix: "mayfly-doctor-" });
  try {
    const [{ library }, path] = await Promise.all([setup.shim, setup.cell()]);
    const deadlines = new Deadlines(clock);
    const { tier, missing, groups } = await openVm({
      symbols: openShim(library),
      program: { path, id: basename(dirname(path)) },
      folder: scratch,
      versions: join(scratch, "versions"),
      env,
      clock,
      deadlines,
      host: hostOf({}),
      cores: availableParallelism(),
      runtimes: [],
      images: [],
      planOf: nothing,
      imageOf: nothing,
      pack: nothing,
      memoryOf: () => 0,
      memoryBytesOf: () => 0,
      cpuShareOf: () => 1,
      onTrouble: () => {},
    });
    await tier.close();
    const held = "a cell starts in its jail: no capabilities, namespaces and a seccomp filter of its own";
    return [
      missing === null
        ? ok(name, held)
        : warn(name, `${held}; it has to do without ${missing}`, "the lines above say what each of them needs"),
      cgroups(groups),
    ];
  } catch (error) {
    return [warn(name, `no cell starts: ${messageOf(error)}; ${NEEDED_BY}`, "the lines above say what is missing")];
  } finally {
    await Deno.remove(scratch, { recursive: true });
  }
}

function cgroups({ usable, missing }: Cgroups): Check {
  const name = "cgroups";
  if (missing.length === 0) return ok(name, "the kernel limits each cell's memory, processors and processes");
  const others = "tenants' memoryMb is looked at each second, and cpuShare is their cells' niceness";
  return warn(
    name,
    `${usable.length > 0 ? `in use: ${usable.join(", ")}` : "not in use"}; ${missing.join("; ")}; without, ${others}`,
    "start the server in a group of its own: systemd-run --user --scope -p Delegate=yes ...",
  );
}

async function runtime(image: RuntimeImage, env: Readonly<Record<string, string>>): Promise<Check> {
  const name = `Runtime ${image.name}`;
  try {
    await image.key(env);
    return ok(name, "can be packed for microVMs");
  } catch (error) {
    return warn(name, messageOf(error), `functions that need ${image.name} are refused until then`);
  }
}

function nothing(): never {
  throw new Error("Cannot build anything: this tier only looks at its machine");
}

const messageOf = (error: unknown): string => error instanceof Error ? error.message.split("\n", 1)[0] : `${error}`;
