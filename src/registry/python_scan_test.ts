import assert from "node:assert/strict";
import { PythonScanner } from "./python_scan.ts";

const { signal } = new AbortController();
const scanner = new PythonScanner({ env: Deno.env.toObject(), timeoutMs: 30_000 });

async function scan(source: string) {
  const facts = await scanner.scan([{ path: "f.py", hash: source }], () => Promise.resolve(source), signal);
  return facts.get("f.py")!;
}

Deno.test("config is read as it is written, with its places", async () => {
  const { config } = await scan(`ü = 1
config: dict = {"timeoutMs": -5, "env": {"A": "b" "c"}, "methods": ("GET", ["POST"]), "x": 1.5, "y": None, "z": True}
`);
  assert.deepEqual(config?.value, {
    timeoutMs: -5,
    env: { A: "bc" },
    methods: ["GET", ["POST"]],
    x: 1.5,
    y: null,
    z: true,
  });
  assert.deepEqual(config?.places[""], { line: 2, column: 16 });
  assert.deepEqual(config?.places.env, { line: 2, column: 34 });
  assert.equal((await scan("def f():\n    config = {}\n")).config, null);
});

for (
  const code of [
    `config = dict(a=1)`,
    `config = {"a": f"{1}"}`,
    `config = {"a": 1 + 1}`,
    `config = {**{}}`,
    `config = {1: 2}`,
    `config = {"a": 1e999}`,
    `config = {"a": b""}`,
    `config = {"a": ...}`,
    `config = open("/etc/passwd").read()`,
  ]
) {
  Deno.test(`config that is no literal is not run, and its place is told: ${code}`, async () => {
    const { noLiteral, config } = await scan(`# first\n${code}\n`);
    assert.equal(config, undefined);
    assert.equal(noLiteral?.line, 2);
  });
}

Deno.test("imports are found wherever they are", async () => {
  const { imports } = await scan("import a.b, c as d\ndef f():\n    from ..x import y as z\n    from . import w\n");
  assert.deepEqual(imports, [[0, "a.b", null], [0, "c", null], [2, "x", "y"], [1, "", "w"]]);
});

Deno.test("a source that is none says why and where", async () => {
  const { problem } = await scan("x = 1\ndef f(:\n");
  assert.match(problem!.message, /^SyntaxError: /);
  assert.deepEqual(problem!.place, { line: 2, column: 7 });
  for (const hostile of ["(".repeat(100_000), "-".repeat(100_000) + "1", "a" + ".a".repeat(200_000), "x = '\0'"]) {
    await scan(hostile).then(
      ({ problem }) => assert.ok(problem),
      (error) => assert.match(error.message, /Cannot read/),
    );
  }
});

Deno.test("a source that was read is not read again", async () => {
  let reads = 0;
  const read = () => Promise.resolve(`import once_${++reads}`);
  for (let times = 0; times < 2; times++) await scanner.scan([{ path: "a.py", hash: "once" }], read, signal);
  assert.equal(reads, 1);
});

Deno.test("sources are not read for a build that has ended", async () => {
  const ended = AbortSignal.abort(new Error("the build ended"));
  await assert.rejects(
    scanner.scan([{ path: "f.py", hash: "of nobody" }], () => Promise.resolve("x = 1\n"), ended),
    /the build ended/,
  );
});
