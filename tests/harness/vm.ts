import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { vmProgram } from "../../src/setup/setup.ts";
import { runTool } from "../../src/setup/tool.ts";

const env = Deno.env.toObject();

/** Continuous integration has to have a KVM; elsewhere these tests say why they are left out. */
export const WITHOUT_KVM = await (async () => {
  const problem = await Deno.open("/dev/kvm", { read: true, write: true }).then(
    (file) => void file.close(),
    (error) => (error as Error).message,
  );
  if (problem === undefined || env.CI === "true") return false;
  console.log(`Tests of microVMs are left out: ${problem}`);
  return true;
})();

export interface VmResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface VmOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Of the engine's program, before the command. */
  readonly options?: readonly string[];
}

/** One for all tests of a file: its sources may change under them. */
let engine: Promise<string> | undefined;

/** A test that waits for ever is none. */
const DEADLINE = ["--deadline-ms", "60000"];

/** Starts a command in a VM by the engine's program, beside which nothing stands. */
export async function startInVm(
  command: readonly string[],
  { env: more = {}, cwd, options = [] }: VmOptions = {},
): Promise<Deno.ChildProcess> {
  const program = await (engine ??= vmProgram({ progress: console.log }));
  return new Deno.Command(program, {
    args: ["run", ...DEADLINE, ...options, "--", ...command],
    env: { ...more },
    cwd,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Runs a command in a VM to its end. */
export async function inVm(command: readonly string[], options: VmOptions = {}): Promise<VmResult> {
  return await resultOf(await startInVm(command, options), options.stdin);
}

/** The same beside a VM. */
export async function onHost([program, ...args]: readonly string[], options: VmOptions = {}): Promise<VmResult> {
  const streams = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
  const child = new Deno.Command(program, { args, env: { ...options.env }, cwd: options.cwd, ...streams }).spawn();
  return await resultOf(child, options.stdin);
}

async function resultOf(child: Deno.ChildProcess, stdin = ""): Promise<VmResult> {
  const writer = child.stdin.getWriter();
  // A program may end without having read all of it.
  const fed = writer.write(new TextEncoder().encode(stdin)).then(() => writer.close()).catch(() => {});
  const [{ code, stdout, stderr }] = await Promise.all([child.output(), fed]);
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** A C file of tests/vm_programs, compiled into a folder: its path. */
export async function compileProgram(
  name: string,
  { folder, compiler = "cc", flags = [] }: {
    readonly folder: string;
    readonly compiler?: string;
    readonly flags?: readonly string[];
  },
): Promise<string> {
  const source = fileURLToPath(new URL(`../vm_programs/${name}.c`, import.meta.url));
  const out = join(folder, name);
  const usual = ["-std=c17", "-D_GNU_SOURCE", "-O1", "-pthread"];
  await runTool([compiler, ...usual, ...flags, source, "-o", out], { env, hint: "" });
  return out;
}

/** Whether a program is on PATH and works: languages that a machine may lack. */
export async function has([program, ...args]: readonly string[]): Promise<boolean> {
  return await new Deno.Command(program, { args, stdin: "null", stdout: "null", stderr: "null" }).output()
    .then(({ success }) => success, () => false);
}
