import assert from "node:assert/strict";
import { join } from "node:path";
import { mayfly } from "./harness.ts";

Deno.test("a start on a machine without Python is refused by two clear lines, and no stack", async () => {
  const dir = await Deno.makeTempDir();
  try {
    for (const name of ["bin", "functions"]) await Deno.mkdir(join(dir, name));
    const { code, stdout, stderr } = await mayfly([
      "serve",
      "--functions",
      "functions",
      "--data",
      "data",
      "--port",
      "0",
    ], {
      cwd: dir,
      env: { PATH: join(dir, "bin"), XDG_CACHE_HOME: dir },
    });
    assert.equal(code, 1);
    assert.match(stderr, /^Error: Cannot set up \S+: python3 is not on PATH$/m);
    assert.match(stderr, /^Try: install Python 3 with pip/m);
    assert.doesNotMatch(stderr, /^\s+at /m);
    assert.doesNotMatch(stdout + stderr, /Fetching/);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
