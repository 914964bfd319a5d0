import { fileURLToPath } from "node:url";

const PROBE = fileURLToPath(new URL("host_facts.py", import.meta.url));

/** What host_facts.py tells. Of a limit, null means that there is none. */
export interface HostFacts {
  readonly kernel: string;
  readonly python: string;
  readonly hasPip: boolean;
  /** null: there is no such device. */
  readonly kvm: {
    readonly user: string;
    readonly group: string;
    readonly mode: string;
    readonly api: number | null;
    readonly problem: string | null;
  } | null;
  readonly namespacesProblem: string | null;
  readonly hasSeccomp: boolean;
  readonly landlockAbi: number | null;
  readonly openFiles: number | null;
  readonly stackBytes: number | null;
  readonly maxMapCount: number | null;
  readonly inotifyWatches: number | null;
  readonly dataFolder: {
    /** The nearest folder that is there. */
    readonly path: string;
    readonly isFolder: boolean;
    readonly writable: boolean;
    readonly freeBytes: number;
  };
}

/** Asks Python, which may look where Deno may not. Why not, where there is none that works. */
export async function hostFacts(
  dataDir: string,
  env: Readonly<Record<string, string>>,
): Promise<{ facts: HostFacts } | { problem: string }> {
  try {
    const { success, stdout, stderr } = await new Deno.Command("python3", {
      args: ["-B", PROBE, dataDir],
      env: { PATH: env.PATH ?? "", HOME: env.HOME ?? "" },
      clearEnv: true,
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    if (success) return { facts: JSON.parse(decoder.decode(stdout)) };
    return { problem: `python3 failed: ${decoder.decode(stderr).trim().split("\n").at(-1)}` };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { problem: "python3 is not on PATH" };
    throw error;
  }
}
