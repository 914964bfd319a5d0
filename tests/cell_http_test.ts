import assert from "node:assert/strict";
import { join } from "node:path";
import { VM_FLAGS } from "../src/setup/vm_engine.ts";
import { runTool } from "../src/setup/tool.ts";
import { hasSanitizers, runUnit, SANITIZERS } from "./harness/vm_units.ts";

/** How a cell speaks HTTP with a program, tested as C code under sanitizers; each test that it names is one here. */

const FOLDER = new URL("../ffi/cell", import.meta.url).pathname;

const isUsual = Deno.env.get("CI") === "true" || await hasSanitizers();

if (isUsual) await registerAll();
else Deno.test({ name: "HTTP of cells: this compiler has no sanitizers", ignore: true, fn: () => {} });

async function registerAll(): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    const files = [...await sources(FOLDER), ...await sources(join(FOLDER, "test"))];
    const program = join(dir, "http_test");
    const command = ["cc", ...VM_FLAGS, "-O1", ...SANITIZERS, ...files, "-o", program];
    await runTool(command, { env: Deno.env.toObject(), hint: "" });
    for (const [name, why] of await runUnit(program, [])) Deno.test(`HTTP: ${name}`, () => assert.equal(why, null));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function sources(folder: string): Promise<string[]> {
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  return names.filter((name) => /^http.*\.c$/.test(name)).sort().map((name) => join(folder, name));
}
