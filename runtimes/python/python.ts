import { fileURLToPath } from "node:url";

/** The Python of this machine. */
export interface Python {
  /** The interpreter itself: what is called python3 may be a script that chooses one. */
  readonly executable: string;
  /** `3.11.7`. */
  readonly version: string;
  /** Of its compiled modules' names: `cpython-311`. */
  readonly tag: string;
  readonly stdlib: string;
  /** All shared libraries that it and its extensions load. */
  readonly loaded: readonly string[];
}

type Env = Readonly<Record<string, string>>;

const PROBE = fileURLToPath(new URL("./probe.py", import.meta.url));
const LEAST = [3, 9];
const TIMEOUT_MS = 10_000;
const HINT = "install Python 3.9 or newer (on Debian and Ubuntu: apt-get install python3)";

/** Asked once for each PATH: it takes a tenth of a second. */
const known = new Map<string, Promise<Python>>();

/** Throws an Error that says what is missing. */
export function findPython(env: Env): Promise<Python> {
  const path = env.PATH ?? "";
  let python = known.get(path);
  if (!python) {
    python = ask(env);
    known.set(path, python);
    python.catch(() => known.delete(path));
  }
  return python;
}

async function ask({ PATH = "", HOME = "" }: Env): Promise<Python> {
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command("python3", {
      args: ["-I", "-S", "-B", PROBE],
      clearEnv: true,
      env: { PATH, HOME },
      stdin: "null",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).output();
  } catch {
    throw new Error(`Cannot find python3 on PATH: ${HINT}`);
  }
  if (!output.success) {
    const why = new TextDecoder().decode(output.stderr).trim().split("\n").at(-1);
    throw new Error(`Cannot use python3: ${why}`);
  }
  const { version, ...rest } = JSON.parse(new TextDecoder().decode(output.stdout));
  const [major, minor] = version;
  if (major !== LEAST[0] || minor < LEAST[1]) {
    throw new Error(`Cannot use Python ${version.join(".")}: ${HINT}`);
  }
  return { ...rest, version: version.join(".") };
}
