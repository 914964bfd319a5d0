import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runTool } from "../../src/setup/tool.ts";

/** C files, at their paths in the repository, as a program of this machine. */
export async function nativeProgram(
  files: readonly string[],
  flags: readonly string[] = [],
): Promise<Uint8Array<ArrayBuffer>> {
  const dir = await Deno.makeTempDir();
  try {
    const out = join(dir, "program");
    const sources = files.map((file) => fileURLToPath(new URL(`../../${file}`, import.meta.url)));
    const usual = ["-std=c17", "-D_GNU_SOURCE", "-O2", "-pthread"];
    await runTool(["cc", ...usual, ...flags, ...sources, "-o", out], { env: Deno.env.toObject(), hint: "" });
    return await Deno.readFile(out);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const CONFORMANCE = "runtimes/native/conformance";

/** One of the suite's guests. */
export const conformanceGuest = (name: string, flags: readonly string[] = []) =>
  nativeProgram([name, "behaviours", "request"].map((file) => `${CONFORMANCE}/${file}.c`), flags);
