import assert from "node:assert/strict";
import { ExitCode } from "./frames.ts";
import { deploy, evaluate } from "./host.ts";

const SERVES = `
  const body = await req.text();
  const sum = await new Promise((resolve) => setTimeout(() => resolve(1 + 1), 1));
  return new Response(body + sum, { headers: { "x-a": req.headers.get("x-in") } });
`;

/** What a function may do to the globals of its sandbox. The server's protocol must not notice. */
const ATTACKS = [
  "Array.prototype.push = Array.prototype.splice = Array.prototype.join = () => { throw new Error('array') };",
  "Array.prototype[Symbol.iterator] = () => { throw new Error('iterator') };",
  "Promise.prototype.then = () => { throw new Error('then') }; Promise.resolve = Promise.reject = null;",
  "globalThis.Promise = globalThis.Map = globalThis.Uint8Array = globalThis.Error = null;",
  "Map.prototype.get = Map.prototype.set = Map.prototype.delete = () => { throw new Error('map') };",
  "String.prototype.split = String.prototype.slice = String.prototype.toLowerCase = () => 'evil';",
  "JSON.parse = JSON.stringify = () => { throw new Error('json') };",
  "Object.defineProperty(Object.prototype, 'get', { value: 1, writable: true }); Object.prototype.value = 7;",
  "Function.prototype.call = Function.prototype.apply = Function.prototype.bind = () => { throw new Error('call') };",
  "Reflect.apply = Reflect.ownKeys = Object.defineProperty = Object.create = null;",
  "for (const name of Object.getOwnPropertyNames(globalThis)) { if (name !== 'Response' && name !== 'setTimeout' && name !== 'Promise') { try { delete globalThis[name]; } catch {} } }",
  "Symbol.prototype.toString = Number.prototype.toString = String.prototype.toString = () => { throw new Error('toString') };",
  "Uint8Array.prototype.set = Uint8Array.prototype.subarray = Uint8Array.prototype.slice = null; Object.defineProperty(Object.getPrototypeOf(Uint8Array.prototype), 'length', { get: () => 1e9 });",
  "Headers.prototype.has = Headers.prototype.append = Headers.prototype.entries = () => { throw new Error('headers') };",
];

for (const attack of ATTACKS) {
  Deno.test(`a request is served in spite of: ${attack.slice(0, 90)}`, async () => {
    const func = await deploy(`
      const { Promise } = globalThis;
      export default async (req) => { ${attack} ${SERVES} };
    `);
    const answer = func.call({ body: "one plus one: ", headers: { "x-in": "seen" } });
    assert.equal(answer.exit?.code, ExitCode.OK, answer.exit?.text);
    assert.equal(answer.text, "one plus one: 2");
    assert.deepEqual(answer.headers.find(([name]) => name === "x-a"), ["x-a", "seen"]);
    const after = func.call({ body: "again ", headers: { "x-in": "b" } });
    assert.equal(after.text, "again 2", "the next sandbox is as the first was");
  });
}

/** What would break a handler in any runtime may break this one: but only its own request. */
const SELF_HARM = [
  "Object.defineProperty(Array.prototype, '0', { set() { throw new Error('index') }, get() { return 'evil' } });",
  "Object.defineProperty(Promise.prototype, 'constructor', { get() { throw new Error('constructor') } });",
  "Object.defineProperty(Object.prototype, 'status', { set() { throw new Error('status') }, get: () => 999 });",
  "Object.defineProperty(Object.prototype, 'headers', { set() { throw 1 }, get: () => 'evil' });",
  "Object.prototype.then = (resolve) => resolve('evil');",
];

for (const attack of SELF_HARM) {
  Deno.test(`a request ends, and the next is served, in spite of: ${attack.slice(0, 80)}`, async () => {
    const func = await deploy(`export default async (req) => {
      if (req.method === "POST") { ${attack} }
      ${SERVES}
    };`);
    const broken = func.call({ body: "x", headers: { "x-in": "seen" } });
    assert.ok(broken.exit !== null, "it ended");
    assert.equal(func.call({ method: "GET", headers: { "x-in": "seen" } }).text, "2");
  });
}

Deno.test("an error is told in spite of hostile getters", async () => {
  const func = await deploy(`export default () => {
    const error = new Error("x");
    for (const key of ["name", "message", "stack", "cause"]) Object.defineProperty(error, key, { get() { throw 1; } });
    throw error;
  };`);
  assert.equal(func.call().exit?.code, ExitCode.EXCEPTION);
});

Deno.test("what is thrown may be anything", async () => {
  for (
    const thrown of [
      "null",
      "undefined",
      "7",
      "Symbol('s')",
      "new Proxy({}, { get() { throw 1 } })",
      "Object.create(null)",
    ]
  ) {
    const { exit } = (await deploy(`export default () => { throw ${thrown}; };`)).call();
    assert.equal(exit?.code, ExitCode.EXCEPTION, thrown);
  }
});

Deno.test("a result whose then throws is an exception", async () => {
  const { exit } = (await deploy(`export default () => ({ get then() { throw new Error("trap") } });`)).call();
  assert.notEqual(exit?.code, ExitCode.OK);
});

Deno.test("the engine's functions are nowhere to be found", async () => {
  const found = await evaluate(`
    const names = ["randomFill", "setLimits", "moduleExports", "__mayfly", "install", "settleHeap", "headString"];
    const seen = new Set(), hits = [];
    const visit = (value, path, depth) => {
      if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value) || depth > 6) return;
      seen.add(value);
      for (const key of Reflect.ownKeys(value)) {
        const descriptor = Reflect.getOwnPropertyDescriptor(value, key);
        if (names.includes(key)) hits.push(path + "." + String(key));
        for (const part of ["value", "get", "set"]) visit(descriptor[part], path + "." + String(key), depth + 1);
      }
      visit(Object.getPrototypeOf(value), path + ".__proto__", depth + 1);
    };
    visit(globalThis, "globalThis", 0);
    return hits;
  `);
  assert.deepEqual(found, []);
});

Deno.test("call sites do not hand out functions, at init or in a request", async () => {
  const func = await deploy(`
    const functions = () => {
      Error.prepareStackTrace = (_, sites) => sites;
      const sites = new Error().stack;
      Error.prepareStackTrace = undefined;
      return sites.map((site) => [typeof site.getFunctionName, typeof site.getFunction(), typeof site.getThis]);
    };
    const atInit = functions();
    export default () => Response.json([...atInit, ...functions()]);
  `);
  const sites = JSON.parse(func.call().text) as string[][];
  assert.ok(sites.length >= 4);
  for (const site of sites) assert.deepEqual(site, ["function", "undefined", "undefined"]);
});

Deno.test("the classes show no static members but their own", async () => {
  const statics = await evaluate(`Object.fromEntries(
    [Headers, Request, Response, URL, URLSearchParams, Blob, FormData, EventTarget, Event, AbortSignal, TextDecoder]
      .map((c) => [c.name, Object.getOwnPropertyNames(c).filter((n) => !["length", "name", "prototype"].includes(n))]),
  )`);
  assert.deepEqual(statics, {
    Headers: [],
    Request: [],
    Response: ["error", "json", "redirect"],
    URL: ["parse", "createObjectURL", "revokeObjectURL", "canParse"],
    URLSearchParams: [],
    Blob: [],
    FormData: [],
    EventTarget: [],
    Event: ["NONE", "CAPTURING_PHASE", "AT_TARGET", "BUBBLING_PHASE"],
    AbortSignal: ["abort", "timeout", "any"],
    TextDecoder: [],
  });
});

Deno.test("a replaced Response constructor is no Response", async () => {
  const func = await deploy(`export default () => Object.create(Response.prototype);`);
  assert.equal(func.call().exit?.code, ExitCode.BAD_RESPONSE);
});

Deno.test("the secret arguments of the engine's own constructors cannot be guessed", async () => {
  assert.equal(
    await evaluate(
      `try { new Response({}, Symbol("a response of the engine's own")).status } catch (e) { return "refused" }`,
    ),
    "refused",
  );
});

/** What would touch memory beyond a buffer that shrank, or is gone, between its check and its use. */
const SHRINKING: [name: string, code: string, expected: string][] = [
  [
    "a chunk that waits in a stream",
    `
    let controller;
    const stream = new ReadableStream({ start(given) { controller = given; } });
    controller.enqueue(bytes);
    buffer.resize(1);
    controller.close();
    return new Response(stream);
  `,
    "a",
  ],
  [
    "a chunk that waits in a byte stream",
    `
    let controller;
    const stream = new ReadableStream({ type: "bytes", start(given) { controller = given; } });
    controller.enqueue(bytes);
    try { buffer.resize(1); } catch { }
    controller.close();
    return new Response(stream);
  `,
    "aaaaaaaa",
  ],
  ["a body", "const response = new Response(bytes); buffer.resize(0); return response;", "aaaaaaaa"],
  [
    "the target of encodeInto",
    `
    new TextEncoder().encodeInto({ toString: () => { buffer.resize(1); return "bbbb"; } }, bytes);
    buffer.resize(8);
    return new Response(buffer);
  `,
    "b\0\0\0\0\0\0\0",
  ],
  [
    "what a TextDecoder decodes",
    `
    const options = { get stream() { buffer.resize(2); return false; } };
    return new Response(new TextDecoder().decode(bytes, options));
  `,
    "aa",
  ],
  [
    "random values",
    "buffer.resize(0); crypto.getRandomValues(bytes); buffer.resize(8); return new Response(buffer);",
    "\0".repeat(8),
  ],
  ["a body that is gone", "const response = new Response(bytes); buffer.transfer(); return response;", "aaaaaaaa"],
  [
    "a part of a Blob",
    `
    const part = { toString() { buffer.resize(1); return "b"; } };
    return new Response(new Blob([bytes, part]));
  `,
    "aaaaaaaab",
  ],
];

for (const [name, code, expected] of SHRINKING) {
  Deno.test(`a buffer that shrinks under its use is read as it is then: ${name}`, async () => {
    const func = await deploy(`export default () => {
      const buffer = new ArrayBuffer(8, { maxByteLength: 64 });
      const bytes = new Uint8Array(buffer);
      bytes.fill(97);
      ${code}
    };`);
    const answer = func.call();
    assert.equal(answer.exit?.code, ExitCode.OK, answer.exit?.text);
    assert.equal(answer.text, expected);
  });
}
