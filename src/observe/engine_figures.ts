import { family, sample } from "./prometheus.ts";

/** What only ever grows; all else is what there is now. */
const COUNTERS: ReadonlySet<string> = new Set([
  ...["steps", "inline_steps", "traps", "kills", "resets", "remaps", "destroyed", "verify_failures", "cells_started"],
  ...["warm_hits", "switches", "clones", "preempted"],
]);

/** The Wasm engine's figures, by their names. */
export function* wasmFigures(figures: Readonly<Record<string, number>>): Generator<string> {
  for (const [field, value] of Object.entries(figures)) {
    yield figure(`mayfly_engine_${snake(field)}`, "Of the Wasm engine.", value, COUNTERS.has(snake(field)));
  }
}

/** Those of all cells: what is there now, and what they and those before them counted. */
export function* vmFigures(figures: Readonly<Record<string, number>>): Generator<string> {
  for (const [field, value] of Object.entries(figures)) {
    yield figure(`mayfly_vm_${snake(field)}`, "Of the cells.", value, COUNTERS.has(snake(field)));
  }
}

function figure(name: string, help: string, value: number, isCounter: boolean): string {
  const full = isCounter ? `${name}_total` : name;
  return family(full, isCounter ? "counter" : "gauge", help) + sample(full, value);
}

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
