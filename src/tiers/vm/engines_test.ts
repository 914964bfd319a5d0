import assert from "node:assert/strict";
import type { Artifact } from "../tier.ts";
import { engineOf } from "./engines.ts";

type Language = Artifact["language"];

const KEYS = { deno: "d1", python: "p1", native: "n1", node: "j1" };
const LANGUAGES: readonly Language[] = ["js", "python", "native"];

function engines(program: string, keys: Readonly<Record<string, string>>): string[] {
  const parts = { program, keys: new Map(Object.entries(keys)), native: ["native", "python", "node", "deno"] };
  return LANGUAGES.map((language) => engineOf(language, parts));
}

/** The languages whose versions have to be built again. */
function touched(program: string, keys: Readonly<Record<string, string>>): Language[] {
  const before = engines("cell-1", KEYS);
  return LANGUAGES.filter((_, at) => engines(program, keys)[at] !== before[at]);
}

Deno.test("what changes on the machine builds only those functions again that are made with it", () => {
  assert.deepEqual(touched("cell-1", KEYS), []);
  assert.deepEqual(touched("cell-1", { ...KEYS, node: "j2" }), ["native"]);
  assert.deepEqual(touched("cell-1", { ...KEYS, native: "n2" }), ["native"]);
  assert.deepEqual(touched("cell-1", { ...KEYS, python: "p2" }), ["python", "native"]);
  assert.deepEqual(touched("cell-1", { ...KEYS, deno: "d2" }), ["js", "native"]);
});

Deno.test("another build of the cells' program builds all functions again", () => {
  assert.deepEqual(touched("cell-2", KEYS), LANGUAGES);
});
