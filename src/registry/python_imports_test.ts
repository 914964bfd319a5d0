import assert from "node:assert/strict";
import { candidatesOf } from "./python_imports.ts";

Deno.test("an import may be about a module or a package, in each folder that is looked in", () => {
  assert.deepEqual(candidatesOf([0, "a.b", null], "api/f.py", ["api", ""]), [
    ...["api/a/__init__.py", "api/a/b/__init__.py", "api/a/b.py"],
    ...["a/__init__.py", "a/b/__init__.py", "a/b.py"],
  ]);
  assert.deepEqual(candidatesOf([0, "_shared", "util"], "f.py", [""]), [
    ...["_shared/__init__.py", "_shared.py", "_shared/util.py", "_shared/util/__init__.py"],
  ]);
});

Deno.test("a relative import begins at its own file, and never leads out of the root", () => {
  assert.deepEqual(candidatesOf([1, "", "x"], "a/b/f.py", [""]), [
    ...["a/b/__init__.py", "a/b/x.py", "a/b/x/__init__.py"],
  ]);
  assert.deepEqual(candidatesOf([2, "x", "*"], "a/b/f.py", [""]), ["a/x/__init__.py", "a/x.py"]);
  assert.deepEqual(candidatesOf([4, "x", "y"], "a/b/f.py", [""]), []);
});
