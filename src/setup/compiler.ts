import { join } from "node:path";
import { runTool, ToolError } from "./tool.ts";

/** A C compiler as a command, with the environment that it needs. */
export interface Compiler {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * The compiler of the unpacked ziglang package, by way of Python: a path in the cache is none that a
 * permission could name. Its own cache is not checked by anybody, so each build has a new one, in `scratch`.
 */
export function zigCompiler(folder: string, scratch: string, env: Readonly<Record<string, string>>): Compiler {
  return {
    command: ["python3", "-B", "-m", "ziglang", "cc"],
    env: { ...env, PYTHONPATH: folder, ZIG_GLOBAL_CACHE_DIR: scratch, ZIG_LOCAL_CACHE_DIR: scratch },
  };
}

/** The host's `cc`, if it makes a shared library of a file that includes the C library. */
export async function hostCompiler(
  scratch: string,
  env: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
): Promise<Compiler | null> {
  const source = join(scratch, "probe.c");
  await Deno.writeTextFile(source, '#include <stdio.h>\nint probe(void) { return puts(""); }\n');
  try {
    await runTool(["cc", ...flags, "-shared", "-fPIC", source, "-o", join(scratch, "probe.so")], { env, hint: "" });
    return { command: ["cc"], env };
  } catch (error) {
    if (error instanceof ToolError) return null;
    throw error;
  }
}
