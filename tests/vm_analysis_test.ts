import assert from "node:assert/strict";
import { join } from "node:path";
import { Cache, type Recipe } from "../src/setup/cache.ts";
import { cacheDirOf, openCacheDir } from "../src/setup/cache_dir.ts";
import { keyOf } from "../src/setup/hash.ts";
import { packageRecipe } from "../src/setup/packages.ts";
import { ZIG } from "../src/setup/pins.ts";
import { runTool, ToolError } from "../src/setup/tool.ts";
import { engineFiles } from "../src/setup/vm_engine.ts";

/** The compiler that the set-up fetches has clang's static analyser in it. */
const ANALYSE = ["clang", "--analyze", "--analyzer-output", "text", "-Xclang", "-analyzer-werror"];
const FLAGS = ["-std=c17", "-D_GNU_SOURCE", "-nobuiltininc"];

const env = Deno.env.toObject();

/** A clean bill of these very sources: looking at all of them takes a minute. */
function billRecipe(files: readonly string[], key: string, zig: string): Recipe {
  return {
    name: "vm-analysed",
    key,
    async make(folder) {
      const findings: string[] = [];
      const rest = files.filter((file) => file.endsWith(".c")).values();
      const lane = async () => {
        for (const file of rest) findings.push(...await findingsIn(file, zig));
      };
      await Promise.all(Array.from({ length: navigator.hardwareConcurrency }, lane));
      assert.equal(findings.join("\n"), "");
      await Deno.writeTextFile(join(folder, "clean"), "");
    },
  };
}

async function findingsIn(file: string, zig: string): Promise<string[]> {
  const command = [join(zig, "ziglang/zig"), ...ANALYSE, ...FLAGS, "-isystem", join(zig, "ziglang/lib/include"), file];
  return await runTool(command, { env, hint: "" }).then(() => [], (error) => {
    if (error instanceof ToolError && error.reason === "failed") return [error.output];
    throw error;
  });
}

Deno.test("clang's static analyser finds nothing in the microVM engine", async () => {
  const cache = new Cache(cacheDirOf(env), console.log);
  await openCacheDir(cache.dir);
  const zig = await cache.folder(packageRecipe(ZIG, env, console.log));
  const files = await engineFiles();
  const key = await keyOf(files, ...ANALYSE, ...FLAGS, ZIG.version);
  await cache.folder(billRecipe(files, key, zig));
});
