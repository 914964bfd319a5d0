import assert from "node:assert/strict";
import { deploy } from "./host.ts";

async function linesOf(code: string): Promise<string[]> {
  const func = await deploy(`export default async () => { ${code}; return new Response(""); };`);
  return func.call().logs.map(({ text }) => text);
}

/** Shown as Deno itself shows them: each is evaluated on both sides. */
const VALUES = [
  ...["1", "-0", "1n", "'text'", "null", "undefined", "true", "Symbol('x')", "[]", "{}", "[1, 'a', null, undefined]"],
  ...["({ a: 1, 'b-c': 'x', [Symbol('s')]: 2, 3: 4 })", "({ a: { b: { c: { d: { e: { f: 1 } } } } } })"],
  ...[
    "[[1, [2, [3, [4, [5, [6]]]]]]]",
    "({ a: 'x'.repeat(40), b: 'y'.repeat(40) })",
    "['a\"b', \"it's\", 'new\\nline']",
  ],
  ...["new Map([[1, { a: 2 }], ['b', new Map()]])", "new Set(['x', [1]])", "new Date(0)", "/x/g", "[new Date(NaN)]"],
  ...[
    "() => 1",
    "function foo() {}",
    "class A {}",
    "class B extends Map {}",
    "async function g() {}",
    "function* h() {}",
  ],
  ...["new (class Foo { x = 1; #y = 2 })()", "Object.create(null)", "Object.assign(() => 1, { a: 1 })"],
  ...["({ get a() { return 1 }, set b(v) {}, get c() { return 1 }, set c(v) {} })", "Object.assign([1], { a: 1 })"],
  ...[
    "(() => { const o = {}; o.self = o; return o })()",
    "(() => { const o = { a: [] }; o.a.push(o.a, o); return o })()",
  ],
  ...["new Uint8Array([1, 2])", "new ArrayBuffer(2)", "new DataView(new ArrayBuffer(2))", "new Float64Array(3)"],
  ...[
    "Promise.resolve(1)",
    "new Promise(() => {})",
    "new WeakMap()",
    "new Number(1)",
    "new String('abc')",
    "[1, , 3]",
    "Array(5)",
  ],
  ...["Array.from({ length: 7 }, (_, i) => i)", "Array.from({ length: 120 }, (_, i) => i)", "[{ a: 1 }, { a: 2 }]"],
  ...["Array.from({ length: 40 }, (_, i) => 10 ** (i % 6))", "Array.from({ length: 20 }, (_, i) => 'item' + i)"],
  ...[
    "new Proxy({ a: 1 }, {})",
    "({ user: { name: 'x', tags: ['a', 'b'], address: { street: 'a long name', city: 'far away' } } })",
  ],
  ...[
    "new URL('http://a/b')",
    "new Headers({ a: '1' })",
    "new URLSearchParams('a=1&b=2')",
    "new Blob(['x'])",
    "Math",
    "JSON",
  ],
  ...["(function () { return arguments })(1, 2)", "new (class extends Array {})(3)", "new AbortController().signal"],
];

Deno.test("values look as in Deno's console", async () => {
  const shown = await linesOf(VALUES.map((value) => `console.log([${value}][0])`).join(";\n"));
  const scope = eval(`[${VALUES.map((value) => `() => (${value})`).join(", ")}]`) as (() => unknown)[];
  VALUES.forEach((source, i) => {
    const value = scope[i]();
    assert.equal(shown[i], typeof value === "string" ? value : Deno.inspect(value), source);
  });
});

Deno.test("levels are those of the methods", async () => {
  const func = await deploy(`export default () => {
    console.debug(1); console.log(1); console.info(1); console.warn(1); console.error(1); return new Response("");
  };`);
  assert.deepEqual(func.call().logs.map(({ level }) => level), [0, 1, 1, 2, 3]);
});

Deno.test("arguments are joined, strings as they are", async () => {
  assert.deepEqual(await linesOf(`console.log("a", 1, { b: "c" }, ["d"]); console.log()`), [
    'a 1 { b: "c" } [ "d" ]',
    "",
  ]);
});

Deno.test("format directives take their arguments", async () => {
  const lines = await linesOf(`
    console.log("%s is %d years, %i, %f, %j %o %O %c%%", "x", 4.7, "12px", "1.5", { a: 1 }, [1], { b: 2 }, "css", "rest");
    console.log("100%", 1); console.log("%s"); console.log("%d", 5n);
  `);
  assert.deepEqual(lines, ['x is 4 years, 12, 1.5, {"a":1} [ 1 ] { b: 2 } % rest', "100% 1", "%s", "5n"]);
});

Deno.test("an error is shown with its stack, its cause and its own properties", async () => {
  const [line] = await linesOf(`
    const error = new TypeError("outer", { cause: new Error("inner") }); error.code = 7; console.log(error)
  `);
  assert.match(line, /^TypeError: outer\n {4}at .*test\.js:2:.*\nCaused by: Error: inner\n {4}at [^]* \{\n? *code: 7/);
});

Deno.test("a cause without a place whose words the error has already is not told again", async () => {
  const func = await deploy(`
    const placeless = (message) => Object.defineProperty(new Error(message), "stack", { value: "" });
    export default () => {
      console.log(new TypeError("Cannot fetch it: refused", { cause: placeless("refused") }));
      console.log(new TypeError("Cannot fetch it", { cause: placeless("refused") }));
      return new Response();
    };`);
  const [said, unsaid] = func.call().logs.map(({ text }) => text);
  assert.doesNotMatch(said, /Caused by/);
  assert.match(unsaid, /Caused by: Error: refused/);
});

Deno.test("an AggregateError lists its errors", async () => {
  const [line] = await linesOf(`console.log(new AggregateError([new Error("a"), "b"], "both"))`);
  assert.match(line, /^AggregateError: both\n[^]*\[0\] Error: a\n\[1\] "b"/);
});

Deno.test("groups indent, each line of what they hold", async () => {
  assert.deepEqual(
    await linesOf(
      `console.group("g"); console.log("a\\nb"); console.group(); console.log("c"); console.groupEnd(); console.groupEnd(); console.log("d")`,
    ),
    ["g", "  a\n  b", "    c", "d"],
  );
});

Deno.test("count, assert, time, dir, trace", async () => {
  const lines = await linesOf(`
    console.count(); console.count("x"); console.count(); console.countReset(); console.count();
    console.assert(true, "no"); console.assert(false, "yes", 1); console.assert();
    console.time("t"); console.timeLog("t", "more"); console.timeEnd("t"); console.timeEnd("t");
    console.dir({ a: { b: { c: {} } } }, { depth: 0 }); console.trace("here");
  `);
  assert.deepEqual(lines.slice(0, 6), [
    "default: 1",
    "x: 1",
    "default: 2",
    "default: 1",
    "Assertion failed: yes 1",
    "Assertion failed",
  ]);
  assert.match(lines[6], /^t: [\d.]+ms more$/);
  assert.match(lines[7], /^t: [\d.]+ms$/);
  assert.equal(lines[8], "Timer 't' does not exist");
  assert.equal(lines[9], "{ a: [Object] }");
  assert.match(lines[10], /^Trace: here\n {4}at /);
});

Deno.test("table draws rows and columns", async () => {
  assert.deepEqual(await linesOf(`console.table([{ a: 1, b: "x" }, { a: 2 }, 3])`), [[
    "┌───────┬───┬─────┬────────┐",
    "│ (idx) │ a │ b   │ Values │",
    "├───────┼───┼─────┼────────┤",
    '│ 0     │ 1 │ "x" │        │',
    "│ 1     │ 2 │     │        │",
    "│ 2     │   │     │ 3      │",
    "└───────┴───┴─────┴────────┘",
  ].join("\n")]);
});

Deno.test("what cannot be shown does no harm", async () => {
  const lines = await linesOf(`
    console.log(new Proxy({}, { ownKeys() { throw 1 } }), { get [Symbol.toStringTag]() { throw 1 } });
    console.log({ [Symbol.for("Deno.customInspect")]() { throw 1 } }, "after");
  `);
  assert.equal(lines.length, 2);
  assert.match(lines[1], /after$/);
});

Deno.test("an object may say itself how it looks", async () => {
  assert.deepEqual(
    await linesOf(`console.log({ [Symbol.for("Deno.customInspect")]: (inspect) => "me" + inspect([1]) })`),
    ["me[ 1 ]"],
  );
});
