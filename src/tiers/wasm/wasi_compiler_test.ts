import assert from "node:assert/strict";
import { join } from "node:path";
import { LIMITS } from "../../limits.ts";
import { BuildError } from "../tier.ts";
import { REFUSED, WasiCompiler } from "./wasi_compiler.ts";

const MODULE = new Uint8Array(1 << 20);

/** What becomes of a compilation whose child does this. */
async function outcome(script: string, { memory = 0, signal }: { memory?: number; signal?: AbortSignal } = {}) {
  const dir = await Deno.makeTempDir({ prefix: "mayfly-compiler-" });
  try {
    const deno = join(dir, "deno");
    await Deno.writeTextFile(deno, `#!/bin/sh\n${script}\n`, { mode: 0o700 });
    const env = { PATH: Deno.env.get("PATH")! };
    const compiler = new WasiCompiler({ deno, env, library: "none", memoryOf: () => memory });
    const limits = { memoryBytes: 1, timeoutMs: 60_000, signal };
    return await compiler.compile(MODULE, limits).then((code) => new TextDecoder().decode(code), (error) => {
      assert.ok(error instanceof BuildError);
      return error.message;
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("what the child writes is the code", async () => {
  assert.equal(await outcome("cat >/dev/null; echo code"), "code\n");
});

Deno.test("a module that cannot be run is refused in the child's words", async () => {
  assert.equal(await outcome(`printf 'Cannot run it: why'; exit ${REFUSED}`), "Cannot run it: why");
});

Deno.test("a compiler that fails is told with what it said", async () => {
  assert.equal(await outcome("echo oh >&2; exit 1"), "Cannot compile the module: the compiler failed: oh\n");
});

Deno.test("a compiler that takes too much memory is ended", async () => {
  const message = await outcome("exec sleep 600", { memory: LIMITS.wasiCompilerBytes + 1 });
  assert.equal(message, "Cannot compile the module: it takes more than 1024 MB of memory");
});

Deno.test("a build that is stopped ends its compiler", async () => {
  const control = new AbortController();
  const stopped = outcome("exec sleep 600", { signal: control.signal });
  setTimeout(() => control.abort(), 100);
  assert.equal(await stopped, "Cannot compile the module: the build was stopped");
});
