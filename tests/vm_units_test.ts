import assert from "node:assert/strict";
import { basename } from "node:path";
import { hasSanitizers, runUnit, vmUnits } from "./harness/vm_units.ts";

/** The microVM engine's C code, tested as C code under sanitizers; each test that a program names is one here. */

const FUZZING = ["--seconds", "15"];

const isUsual = Deno.env.get("CI") === "true" || await hasSanitizers();

if (isUsual) await registerAll();
else Deno.test({ name: "the engine's own tests: this compiler has no sanitizers", ignore: true, fn: () => {} });

async function registerAll(): Promise<void> {
  const programs = await vmUnits();
  const results = await Promise.allSettled(
    programs.map((program) => runUnit(program, basename(program) === "fuzz" ? FUZZING : [])),
  );
  for (const [at, result] of results.entries()) {
    const program = basename(programs[at]);
    if (result.status === "rejected") {
      Deno.test(`${program} runs`, () => Promise.reject(result.reason));
      continue;
    }
    for (const [name, why] of result.value) Deno.test(`${program}: ${name}`, () => assert.equal(why, null));
  }
}
