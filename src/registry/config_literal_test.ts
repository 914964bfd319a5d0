import assert from "node:assert/strict";
import { LiteralError, readConfigLiteral } from "./config_literal.ts";

Deno.test("a literal is read as it would be evaluated", () => {
  const literal = readConfigLiteral(`
    var other = 1;
    var config2 = {
      timeoutMs: 5e3, "memoryMb": 0x20, 'queue': -1, methods: [\`GET\`, "POST"], env: { "A-B": 'x', 1: "y" }, deep: [[]],
      no: false, nothing: null,
    };
    export { config2 as config, other as default };`)!;
  assert.deepEqual(literal.value, {
    timeoutMs: 5000,
    memoryMb: 32,
    queue: -1,
    methods: ["GET", "POST"],
    env: { "A-B": "x", 1: "y" },
    deep: [[]],
    no: false,
    nothing: null,
  });
  assert.deepEqual(literal.places.get("memoryMb"), { line: 4, column: 22 });
});

Deno.test("a declaration may be exported at once", () => {
  assert.deepEqual(readConfigLiteral("export const config = { queue: 1 };")!.value, { queue: 1 });
});

Deno.test("a module without config has none", () => {
  assert.equal(readConfigLiteral("var config = { a: 1 }; export default config;"), null);
});

Deno.test("nothing of it is run", () => {
  const sources = [
    "{ a: f() }",
    "{ a: x }",
    "{ x }",
    "{ ...x }",
    "{ [x]: 1 }",
    "{ get a() { return 1 } }",
    "{ a() {} }",
    "{ a: () => 1 }",
    "{ a: 1 + 1 }",
    "{ a: !1 }",
    "{ a: -'1' }",
    "{ a: `${x}` }",
    "{ a: [,] }",
    "{ a: [...x] }",
    "{ a: /x/ }",
    "{ a: 1n }",
    "{ __proto__: { a: 1 } }",
    `{ "__proto__": { a: 1 } }`,
    "(0, {})",
    "f()",
  ];
  for (const source of sources) {
    assert.throws(
      () => readConfigLiteral(`const x = 1; export const config = ${source};`),
      (error) =>
        error instanceof LiteralError && /Cannot read config: .*literal/.test(error.message) && error.place !== null,
      source,
    );
  }
});

Deno.test("a config that is no constant is refused", () => {
  for (const declared of ["function config() {}", "class config {}", "let config;"]) {
    assert.throws(() => readConfigLiteral(`${declared} export { config };`), LiteralError, declared);
  }
});

Deno.test("nesting of any depth ends in a refusal", () => {
  const deep = "[".repeat(100_000) + "]".repeat(100_000);
  assert.throws(() => readConfigLiteral(`export const config = ${deep};`), LiteralError);
});
