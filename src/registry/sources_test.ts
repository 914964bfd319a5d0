import assert from "node:assert/strict";
import { findSources, isServer } from "./sources.ts";

async function find(files: string[], programs: string[] = [], runs: string[] = []) {
  const { sources } = await found(files, programs, runs);
  return [...sources.values()];
}

async function found(files: string[], programs: string[] = [], runs: string[] = [], known: string | null = null) {
  return await findSources({
    paths: files,
    isProgram: (path) => programs.includes(path),
    runs: new Set(runs),
    fileOf: () => known,
  });
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

const rivals: readonly (readonly [first: string, second: string])[] = [
  ["a.py", "a.ts"],
  ["a/main.py", "a/main.ts"],
  ["a/main.ts", "a.ts"],
  ["a.ts", "a.wasm"],
];

for (const [first, second] of rivals) {
  Deno.test(`of two files for one name the first has it, and the second is told whose it is: ${first}, ${second}`, async () => {
    for (const [known, other, asked] of [[first, second, null], [first, second, first], [second, first, second]]) {
      const { sources, doubles } = await found([first, second], [], [], asked);
      assert.equal(sources.get("a")?.file, known);
      assert.equal(sources.get("a")?.problem, null);
      assert.deepEqual(doubles.map(({ file }) => file), [other]);
      assert.ok(doubles[0].problem?.endsWith(`taken by ${known}`), doubles[0].problem ?? "");
    }
  });
}

Deno.test("a name that cannot be shown is refused", async () => {
  for (const file of ["a\nb.ts", "a\x1b[31m.ts", "@x.ts", `${"x/".repeat(600)}a.ts`]) {
    assert.notEqual((await find([file]))[0].problem, null, file);
  }
});

Deno.test("a folder is known for a server by its run, or its executable of that name", async () => {
  const files = ["a/app.py", "b/server", "c/main", "d/main.py", "e/server.ts", "server"];
  const found = await find(files, ["b/server", "c/main", "server"], ["a"]);
  assert.deepEqual(found.filter(isServer).map(({ name }) => name).sort(), ["a", "b"]);
});
