import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileAll, engineFiles, sourcesIn, VM_FLAGS } from "../../src/setup/vm_engine.ts";
import { runTool } from "../../src/setup/tool.ts";

const FOLDER = dirname(fileURLToPath(import.meta.url));
const CASES = ["main.c", "cases.c", "file_cases.c", "server_cases.c", "shared.c"];

/** One line of what a case prints; times are microseconds. */
export interface Measured {
  readonly name: string;
  readonly count: number;
  readonly median: number;
  readonly p99: number;
}

/** The C part of the microVM's benches, compiled into a folder of its own. */
export class MicrovmBench implements AsyncDisposable {
  private constructor(readonly folder: string, private readonly program: string) {}

  static async build(): Promise<MicrovmBench> {
    const folder = await Deno.makeTempDir({ prefix: "mayfly-microvm-" });
    const harness = (await sourcesIn("harness")).filter((file) => basename(file) !== "main.c");
    const files = [...await engineFiles(), ...harness, ...CASES.map((name) => join(FOLDER, name))];
    const compiler = { command: ["cc"], env: Deno.env.toObject() };
    const objects = await compileAll(files, { compiler, flags: VM_FLAGS, folder });
    const program = join(folder, "microvm");
    const hint = "install a C compiler";
    await runTool(["cc", ...objects, "-pthread", "-o", program], { env: compiler.env, hint });
    await runTool(["cc", "-O2", "-static", join(FOLDER, "calls.c"), "-o", join(folder, "calls")], {
      env: compiler.env,
      hint,
    });
    return new MicrovmBench(folder, program);
  }

  static file(name: string): string {
    return join(FOLDER, name);
  }

  /** Runs a case, so many times: what it measured, by name. */
  async run(args: readonly string[], runs: number, env: Readonly<Record<string, string>> = {}) {
    const { code, stdout, stderr } = await new Deno.Command(this.program, {
      args: [...args],
      env: { ...env, RUNS: String(runs) },
    }).output();
    if (code !== 0) throw new Error(`Cannot measure ${args[0]}: ${new TextDecoder().decode(stderr)}`);
    const lines = new TextDecoder().decode(stdout).trim().split("\n").filter((line) => line !== "");
    return new Map(lines.map((line) => JSON.parse(line) as Measured).map((measured) => [measured.name, measured]));
  }

  /** What a program that runs in a VM prints: a number. */
  async seconds(args: readonly string[]): Promise<number> {
    const { code, stdout, stderr } = await new Deno.Command(this.program, { args: ["run", ...args] }).output();
    if (code !== 0) throw new Error(`Cannot run it in a VM: ${new TextDecoder().decode(stderr)}`);
    return Number(new TextDecoder().decode(stdout));
  }

  async [Symbol.asyncDispose]() {
    await Deno.remove(this.folder, { recursive: true });
  }
}
