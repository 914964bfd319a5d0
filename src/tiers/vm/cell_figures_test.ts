import assert from "node:assert/strict";
import { countersOf, figuresIn, later, sumOf } from "./cell_figures.ts";

Deno.test("a cell's figures have known names and bounded values", () => {
  const lines = [
    "steps=7",
    "vms=2",
    "mine=9",
    "constructor=1",
    "kills=-1",
    "traps=999999999999999",
    "clones=x",
    "a b=1",
  ];
  assert.deepEqual(figuresIn(lines.join("\n")), { steps: 7, vms: 2, traps: 2 ** 40 });
});

Deno.test("a counter never goes back, and what there is now does", () => {
  assert.deepEqual(later({ steps: 7, traps: 1, vms: 5 }, { steps: 3, vms: 2 }), { steps: 7, traps: 1, vms: 2 });
});

Deno.test("of a cell that is gone, what it counted remains", () => {
  assert.deepEqual(sumOf([countersOf({ steps: 7, vms: 5 }), { steps: 1, vms: 2 }]), { steps: 8, vms: 2 });
});
