import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runTool } from "../../src/setup/tool.ts";

/** A Go file below tests/functions as a program of this machine. */
export async function goProgram(file: string): Promise<Uint8Array<ArrayBuffer>> {
  const source = fileURLToPath(new URL(`../functions/${file}`, import.meta.url));
  const dir = await Deno.makeTempDir();
  try {
    const out = join(dir, "program");
    await runTool(["go", "build", "-o", out, source], { env: Deno.env.toObject(), hint: "" });
    return await Deno.readFile(out);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}
