import assert from "node:assert/strict";
import { folderName, namesFor, tenantProblem } from "./names.ts";

Deno.test("a tenant is named like a label of a host", () => {
  for (const name of ["acme", "a", "7", "a-b", "x".repeat(63)]) assert.equal(tenantProblem(name), null, name);
  for (const name of ["", "-a", "a-", "A", "a.b", "a_b", "ü", "x".repeat(64), "a/b", "a\n"]) {
    assert.match(tenantProblem(name)!, /Cannot use @/, name);
  }
});

Deno.test("nobody can take the home tenant's name", () => {
  assert.match(tenantProblem("home")!, /@home/);
});

Deno.test("the folder of a name stays in its parent, is short enough, and is no other name's", () => {
  const names = [
    "..",
    ".",
    "a/b",
    "a%2Fb",
    "a\\b",
    "[id]",
    "__proto__",
    "x".repeat(300),
    "x".repeat(301),
    "日".repeat(90),
  ];
  const folders = names.map(folderName);
  for (const folder of folders) {
    assert.doesNotMatch(folder, /[/.\\]/);
    assert.ok(new TextEncoder().encode(folder).length <= 255, folder);
  }
  assert.equal(new Set(folders).size, names.length);
});

Deno.test("an index is found by the name of its folder", () => {
  assert.deepEqual(namesFor("api"), ["api", "api/index"]);
  assert.deepEqual(namesFor("/"), ["index"]);
});
