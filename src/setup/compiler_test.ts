import assert from "node:assert/strict";
import { join } from "node:path";
import { hostCompiler } from "./compiler.ts";

async function compilerWith(script: string | null): Promise<boolean> {
  const dir = await Deno.makeTempDir();
  try {
    if (script !== null) await Deno.writeTextFile(join(dir, "cc"), script, { mode: 0o755 });
    return await hostCompiler(dir, { PATH: dir }) !== null;
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("a cc that is missing, or that cannot compile, is not used", async () => {
  assert.equal(await compilerWith(null), false);
  assert.equal(await compilerWith("#!/bin/sh\necho 'cannot find -lc' >&2; exit 1\n"), false);
  assert.equal(await compilerWith("#!/bin/sh\nexit 0\n"), true);
});
