import assert from "node:assert/strict";
import { basename } from "node:path";
import { cellUnits } from "./harness/cell_units.ts";
import { WITHOUT_KVM } from "./harness/vm.ts";
import { hasSanitizers, runUnit } from "./harness/vm_units.ts";

/** What a cell does with steps, tested as C code under sanitizers with real guests; each test of a program is one here. */

const isUsual = Deno.env.get("CI") === "true" || (!WITHOUT_KVM && await hasSanitizers());

if (isUsual) await registerAll();
else Deno.test({ name: "a cell's own tests: no KVM, or a compiler without sanitizers", ignore: true, fn: () => {} });

async function registerAll(): Promise<void> {
  const { programs, bench, guests } = await cellUnits();
  Deno.test("the bench of a cell measures", async () => {
    const { code, stdout } = await new Deno.Command(bench, { args: [guests, "70"] }).output();
    assert.equal(code, 0);
    const names = new TextDecoder().decode(stdout).trimEnd().split("\n").map((line) => JSON.parse(line).name);
    assert.equal(names.length, 6);
  });
  for (const program of programs) {
    for (const [name, why] of await runUnit(program, [guests])) {
      Deno.test(`${basename(program, "_test")}: ${name}`, () => assert.equal(why, null));
    }
  }
}
