import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Shell } from "./shell.ts";

const PROBE = fileURLToPath(new URL("python_path.py", import.meta.url));

/** `#!/usr/bin/env node` in a script that another one names: more is a mistake. */
const SCRIPTS_AT_MOST = 4;
const FIRST_LINE_BYTES = 256;

export interface GuestCommand {
  readonly words: readonly string[];
  /** Files that it reads, which the engine would not show: it knows of the program alone. */
  readonly scripts: readonly string[];
}

type Host = Pick<Shell, "env" | "cwd">;

/**
 * A command as a guest can run it. What `env` would look up is looked up here: a guest does not see all folders of PATH.
 * A guest forks nothing, so a shell script that stands for Python or a tool of its (pyenv has such) is replaced by that.
 */
export async function guestCommand(
  [program, ...args]: readonly string[],
  host: Host,
  scripts: readonly string[] = [],
): Promise<GuestCommand> {
  const path = await findProgram(program, host);
  const script = path === null ? null : await interpreterOf(path);
  if (path === null || script === null || scripts.length === SCRIPTS_AT_MOST) {
    return { words: [path ?? program, ...args], scripts };
  }
  const meant = isShell(script) ? await behindShim(path, host) : null;
  if (meant !== null) return { words: [meant, ...args], scripts };
  if (basename(script[0]) !== "env") return { words: [path, ...args], scripts };
  const [flag, ...rest] = script.slice(1);
  const file = await Deno.realPath(path);
  return await guestCommand([...(flag === "-S" ? rest : [flag, ...rest]), file, ...args], host, [...scripts, file]);
}

const isShell = (script: readonly string[]): boolean => /^(ba|da)?sh$/.test(basename(script.at(-1)!));

/** What a shell script starts that stands for Python, or beside one that does; null for any other. */
async function behindShim(path: string, host: Host): Promise<string | null> {
  if (/^python[\d.]*$/.test(basename(path))) return await askPython(path, host);
  const python = join(dirname(path), "python3");
  const script = await interpreterOf(python);
  const answer = script !== null && isShell(script) ? await askPython(python, host) : null;
  return answer === null ? null : await findProgram(join(dirname(answer), basename(path)), host);
}

/** As a shell finds it; null where it is not there. */
async function findProgram(name: string, { env, cwd }: Host): Promise<string | null> {
  const folders = name.includes("/") ? [cwd] : (env.PATH ?? "").split(":").filter(isAbsolute);
  for (const folder of folders) {
    const path = name.includes("/") ? resolve(folder, name) : join(folder, name);
    const { isFile, mode } = await Deno.stat(path).catch(() => ({ isFile: false, mode: 0 }));
    if (isFile && (mode! & 0o111) !== 0) return path;
  }
  return null;
}

/** The words of a script's first line; null where the file is no script. */
async function interpreterOf(path: string): Promise<string[] | null> {
  const start = new Uint8Array(FIRST_LINE_BYTES);
  try {
    using file = await Deno.open(path);
    const text = new TextDecoder("latin1").decode(start.subarray(0, await file.read(start) ?? 0));
    const words = /^#!(.*)\n/.exec(text)?.[1].trim().split(/\s+/).filter(Boolean);
    return words?.length ? words : null;
  } catch {
    return null;
  }
}

/** Where the interpreter is that a script starts; null if it does not say. */
async function askPython(path: string, { env, cwd }: Host): Promise<string | null> {
  const { success, stdout } = await new Deno.Command("python3", {
    args: ["-B", PROBE, path],
    env: { PATH: env.PATH ?? "", HOME: env.HOME ?? "" },
    clearEnv: true,
    cwd,
    stdin: "null",
    stderr: "null",
  }).output();
  const answer = new TextDecoder().decode(stdout).trim();
  return success && isAbsolute(answer) ? answer : null;
}
