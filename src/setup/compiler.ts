import { join } from "node:path";
import { runTool, ToolError, type ToolOptions } from "./tool.ts";

/** A C compiler as a command, with the environment that it needs. */
export interface Compiler {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * The compiler of the unpacked ziglang package, by way of Python: a path in the cache is none that a
 * permission could name. Its own cache is unchecked, so each build has a new one, in `scratch`.
 */
export function zigCompiler(folder: string, scratch: string, env: Readonly<Record<string, string>>): Compiler {
  return {
    command: ["python3", "-B", "-m", "ziglang", "cc"],
    env: { ...env, PYTHONPATH: folder, ZIG_GLOBAL_CACHE_DIR: scratch, ZIG_LOCAL_CACHE_DIR: scratch },
  };
}

/** Whether the host's `cc` makes a shared library of a file that includes the C library. */
export async function hostCompilerWorks(env: Readonly<Record<string, string>>): Promise<boolean> {
  const folder = await Deno.makeTempDir({ prefix: "mayfly-cc-" });
  try {
    const source = join(folder, "probe.c");
    await Deno.writeTextFile(source, '#include <stdio.h>\nint probe(void) { return puts(""); }\n');
    await runTool(["cc", "-shared", "-fPIC", source, "-o", join(folder, "probe.so")], { env, hint: "" });
    return true;
  } catch (error) {
    if (error instanceof ToolError) return false;
    throw error;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

export type { ToolOptions };
