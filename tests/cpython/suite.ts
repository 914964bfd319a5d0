import { fileURLToPath } from "node:url";
import { inVm, onHost, type VmResult } from "../harness/vm.ts";

/** CPython's own test suite, module by module, in a VM or on the host. */

export interface Outcome {
  /** "ok", "skip", "fail", "error"; "died" where the interpreter did not survive it, or did not come back from it. */
  readonly outcome: string;
  readonly why: string;
}

export type Outcomes = ReadonlyMap<string, Outcome>;

export interface Python {
  readonly program: string;
  /** Of its installation, that a guest has to see. */
  readonly prefix: string;
  readonly version: string;
}

const RUNNER = fileURLToPath(new URL("run_module.py", import.meta.url));
const FOLDER = fileURLToPath(new URL(".", import.meta.url));
const DEADLINE_MS = 400_000;
/** A module whose tests keep ending the interpreter is told as far as it came. */
const TRIES = 8;

/** Null where Python has no tests with it, as Debian's has not. */
export async function findPython(): Promise<Python | null> {
  const code = "import json,sys,test.test_os,test.support; v=sys.version_info; " +
    "print(json.dumps({'program':sys.executable,'prefix':sys.base_prefix,'version':f'{v[0]}.{v[1]}'}))";
  const command = new Deno.Command("python3", { args: ["-c", code], stderr: "null" });
  const { success, stdout } = await command.output().catch(() => ({ success: false, stdout: new Uint8Array() }));
  return success ? JSON.parse(new TextDecoder().decode(stdout)) : null;
}

/** All modules there are. */
export async function allModules({ prefix, version }: Python): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(`${prefix}/lib/python${version}/test`)) {
    if (/^test_\w+(\.py)?$/.test(name)) names.push(name.replace(/\.py$/, ""));
  }
  return names.sort();
}

export async function runOnHost(python: Python, module: string): Promise<Outcomes> {
  return await collect(module, (leftOut) => {
    const command = [python.program, RUNNER, module, ...leftOut];
    return onHost(["timeout", `${DEADLINE_MS / 1000}`, ...command], {
      env: { PATH: "/usr/bin:/bin", LANG: "C.UTF-8" },
    });
  });
}

export async function runInVm(python: Python, module: string): Promise<Outcomes> {
  const options = ["--memory", "1536", "--deadline-ms", `${DEADLINE_MS}`, "--view", python.prefix, "--view", FOLDER];
  return await collect(module, (leftOut) => {
    const command = [python.program, RUNNER, module, ...leftOut];
    return inVm(command, { options, cwd: "/", env: { PATH: "/usr/bin:/bin", LANG: "C.UTF-8" } });
  });
}

/** Runs what is left until nothing is: a test that ends the interpreter keeps the ones behind it from running. */
async function collect(module: string, run: (leftOut: string[]) => Promise<VmResult>): Promise<Outcomes> {
  const outcomes = new Map<string, Outcome>();
  for (let tries = 0; tries < TRIES; tries++) {
    const before = outcomes.size;
    const { stdout, stderr } = await run([...outcomes.keys()]);
    const lastBegun = read(stdout, outcomes);
    if (lastBegun === "done") break;
    outcomes.set(lastBegun ?? module, { outcome: "died", why: stderr.slice(-500) });
    if (outcomes.size === before || lastBegun === null) break;
  }
  return outcomes;
}

/** Takes the runner's lines: the test that was under way at their end, if any, or "done". */
function read(text: string, outcomes: Map<string, Outcome>): string | null {
  let under: string | null = null;
  for (const line of text.split("\n")) {
    if (!line.startsWith("@{")) continue;
    const said = JSON.parse(line.slice(1));
    if (said.done !== undefined) return "done";
    under = said.begins ?? null;
    if (said.test !== undefined) outcomes.set(said.test, { outcome: said.outcome, why: said.why });
  }
  return under;
}
