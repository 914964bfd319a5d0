import { join } from "node:path";
import { KERNEL } from "./kernel.ts";
import { SUITE } from "./programs.ts";
import { type Results, resultsIn } from "./results.ts";

export const QEMU = "qemu-system-x86_64";

/** A machine that is emulated, with AMD's virtualization in it. */
export interface Machine {
  readonly cpu: string;
  /** The beginning of the names of the tests to run: all without. */
  readonly only?: string;
}

const KERNEL_WORDS =
  "console=ttyS0 quiet panic=-1 nokaslr mitigations=off tsc=reliable no_timer_check cryptomgr.notests";
const LIMIT_S = 200;

export function runInMachine({ cpu, only }: Machine, kernel: string, root: string): Promise<Results> {
  const words = only === undefined ? KERNEL_WORDS : `${KERNEL_WORDS} "SUITE=${only}"`;
  return resultsOf("timeout", [
    ...["--kill-after=5", String(LIMIT_S), QEMU, "-accel", "tcg", "-cpu", cpu, "-m", "256"],
    ...["-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio", "-no-reboot"],
    ...["-kernel", join(kernel, KERNEL), "-initrd", root, "-append", words],
  ]);
}

/** On the KVM of this machine. */
export function runHere(programs: string): Promise<Results> {
  return resultsOf("timeout", ["--kill-after=5", String(LIMIT_S), join(programs, SUITE)]);
}

async function resultsOf(program: string, args: string[]): Promise<Results> {
  const { stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
  const [printed, told] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).replaceAll("\r", ""));
  return resultsIn(printed, told);
}
