import { type Check, hostChecks, missing, ok, warn } from "./cli/host_checks.ts";
import { hostFacts } from "./cli/host_facts.ts";
import { OperatorError } from "./errors.ts";
import { hostCompiler } from "./setup/compiler.ts";
import { QUICKJS, WASMTIME } from "./setup/pins.ts";
import { assertPlatform } from "./setup/platform.ts";
import { startSetup, vmProgram } from "./setup/setup.ts";
import { withoutLoaderVariables } from "./setup/tool.ts";
import { viaPython } from "./setup/vm_engine.ts";
import { dataChecks } from "./doctor/data_checks.ts";
import { vmChecks } from "./doctor/vm_checks.ts";

export type { Check };

export interface DoctorOptions {
  readonly dataDir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly progress: (line: string) => void;
}

const OLDEST_DENO = [2, 9];

/** Checks all that the server needs of this machine. What is fetched and built once is made ready on the way. */
export async function diagnose({ dataDir, env, progress }: DoctorOptions): Promise<Check[]> {
  const setup = startSetup({ env, progress });
  const host = await hostFacts(dataDir, env);
  return [
    await promised("Platform", () => {
      assertPlatform(Deno.build);
      return `${Deno.build.os} on ${Deno.build.arch}, kernel ${Deno.osRelease()}`;
    }),
    deno(Deno.version.deno),
    await promised("Native engine", async () => {
      await setup.shim;
      return `ready, with wasmtime ${env.MAYFLY_WASMTIME || WASMTIME.version}`;
    }),
    await promised("JavaScript engine", async () => {
      await setup.engine;
      return `ready, ${env.MAYFLY_ENGINE || `QuickJS-NG ${QUICKJS.version}`}`;
    }),
    await compiler(env),
    ...("facts" in host ? hostChecks(host.facts) : [noPython(host.problem)]),
    ...("facts" in host && host.facts.kvm?.problem === null ? [await vmEngine({ env, progress })] : []),
    ...await vmChecks(setup, env),
    ...await dataChecks(dataDir),
  ];
}

export function deno(version: string): Check {
  const [major, minor] = version.split(".").map(Number);
  const isNewEnough = major > OLDEST_DENO[0] || (major === OLDEST_DENO[0] && minor >= OLDEST_DENO[1]);
  return isNewEnough
    ? ok("Deno", version)
    : missing("Deno", `${version} is too old`, `Deno ${OLDEST_DENO.join(".")} or newer: deno upgrade, or npx -y deno`);
}

/** What an OperatorError says is what there is to do. */
async function promised(name: string, look: () => string | Promise<string>): Promise<Check> {
  try {
    return ok(name, await look());
  } catch (error) {
    if (error instanceof OperatorError) return missing(name, error.message, error.hint);
    const message = error instanceof Error ? error.message : String(error);
    return missing(name, message.split("\n", 1)[0], "report it, with what mayfly serve says under MAYFLY_DEBUG=1");
  }
}

/** Only where there is a KVM to try: compiling it takes a while, the first time. */
async function vmEngine(options: Pick<DoctorOptions, "env" | "progress">): Promise<Check> {
  const name = "MicroVM engine";
  const built = await promised(name, () => vmProgram(options));
  if (built.state !== "ok") return warn(name, built.detail, built.hint!);
  const [python, ...args] = viaPython([built.detail, "probe"], options.env);
  const env = withoutLoaderVariables(options.env);
  const output = await new Deno.Command(python, { args, env, clearEnv: true, stdin: "null" }).output();
  const [said, told] = [output.stdout, output.stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
  if (output.success) return ok(name, `runs programs on this KVM, which works in ${said}`);
  const [problem, hint] = told.split("\nTry: ");
  return warn(name, problem.replace(/^Error: /, ""), hint ?? "report it");
}

async function compiler(env: Readonly<Record<string, string>>): Promise<Check> {
  const scratch = await Deno.makeTempDir({ prefix: "mayfly-doctor-" });
  try {
    if (await hostCompiler(scratch, env)) return ok("C compiler", "cc works");
    return warn("C compiler", "no cc works here: zig's compiles the engine", "apt-get install gcc libc6-dev");
  } finally {
    await Deno.remove(scratch, { recursive: true });
  }
}

function noPython(problem: string): Check {
  return missing(
    "Python",
    `${problem}; the limits of this machine, KVM and the jail could not be looked at either`,
    "install Python 3 with pip (on Debian and Ubuntu: apt-get install python3-pip)",
  );
}
