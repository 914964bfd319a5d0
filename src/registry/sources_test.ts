import assert from "node:assert/strict";
import { findSources } from "./sources.ts";

async function find(files: string[], programs: string[] = [], runs: string[] = []) {
  return [...(await findSources(files, (path) => programs.includes(path), new Set(runs))).values()];
}

async function names(files: string[], programs: string[] = [], runs: string[] = []) {
  return (await find(files, programs, runs)).map(({ name }) => name).sort();
}

Deno.test("files with the right extensions are functions, named by their path", async () => {
  assert.deepEqual(
    await names(["a.ts", "b/c.tsx", "d.js", "e.jsx", "f.mjs", "g.py", "h.wasm", "b/index.ts", "b/[id].ts"]),
    [
      "a",
      "b/[id]",
      "b/c",
      "b/index",
      "d",
      "e",
      "f",
      "g",
      "h",
    ],
  );
});

Deno.test("everything else is none", async () => {
  assert.deepEqual(
    await names([
      "a.d.ts",
      "a.test.ts",
      "b.test.py",
      "_a.ts",
      "_lib/b.ts",
      "c/_d/e.ts",
      "f.txt",
      "g",
      "h.ts~",
      "i.cjs",
      ".ts",
    ]),
    [],
  );
});

Deno.test("an executable file is one, whatever it is called", async () => {
  assert.deepEqual(await names(["tool", "tool.bin", "script.sh"], ["tool", "tool.bin"]), ["tool", "tool.bin"]);
});

Deno.test("a folder with a main is one function, and nothing in it is routed", async () => {
  const files = ["report/main.py", "report/lib.py", "report/deep/main.ts", "report/deep/x.ts", "other/x.ts", "main.ts"];
  assert.deepEqual(await names(files), ["main", "other/x", "report"]);
  assert.deepEqual((await find(files)).find(({ name }) => name === "report"), {
    name: "report",
    file: "report/main.py",
    folder: "report",
    language: "python",
    problem: null,
  });
});

Deno.test("a main, a server or a run make a folder a function", async () => {
  assert.deepEqual(
    await names(["a/server", "b/main", "c/prog", "c/x.ts", "d/server"], ["a/server", "b/main"], ["c", "gone"]),
    [
      "a",
      "b",
      "c",
    ],
  );
});

Deno.test("two files for one name are named", async () => {
  assert.match((await find(["a.py", "a.ts"]))[0].problem!, /both a\.py and a\.ts/);
  assert.match((await find(["a/main.py", "a/main.ts"]))[0].problem!, /both a\/main\.py and a\/main\.ts/);
  assert.match((await find(["a.ts", "a/main.ts"]))[0].problem!, /both a\/main\.ts and a\.ts/);
});

Deno.test("a name that cannot be shown is refused", async () => {
  for (const file of ["a\nb.ts", "a\x1b[31m.ts", "@x.ts", `${"x/".repeat(600)}a.ts`]) {
    assert.notEqual((await find([file]))[0].problem, null, file);
  }
});
