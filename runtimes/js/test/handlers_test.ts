import assert from "node:assert/strict";
import { ExitCode } from "./frames.ts";
import { deploy, tryDeploy } from "./host.ts";

const GREET = `new Response("hello " + new URL(req.url).pathname)`;

const KINDS: [kind: string, source: string][] = [
  ["handler", `export default (req, ctx) => ${GREET};`],
  ["handler", `export default async function (req) { await null; return ${GREET}; }`],
  [
    "fetch",
    `export default { prefix: "hello ", fetch(req) { return new Response(this.prefix + new URL(req.url).pathname); } };`,
  ],
  ["fetch", `class App { async fetch(req) { return ${GREET}; } } export default new App();`],
  ["serve", `Deno.serve((req) => ${GREET});`],
  ["serve", `Deno.serve({ port: 80 }, async (req) => ${GREET});`],
  ["serve", `Deno.serve({ handler: (req) => ${GREET} });`],
  ["lambda", `export const handler = async (event) => ({ statusCode: 200, body: "hello " + event.rawPath });`],
];

for (const [kind, source] of KINDS) {
  Deno.test(`a module is found to be a ${kind}: ${source.slice(0, 60)}`, async () => {
    const func = await deploy(source);
    assert.equal(func.kind, kind);
    const answer = func.call({ url: "http://localhost/a/b?c" });
    assert.equal(answer.status, 200);
    assert.equal(answer.text, "hello /a/b");
    assert.equal(answer.exit?.code, ExitCode.OK);
  });
}

Deno.test("a default function wins over the other kinds of handler", async () => {
  const func = await deploy(`
    Deno.serve(() => new Response("serve"));
    export const handler = () => "lambda";
    export default () => new Response("default");
  `);
  assert.equal(func.kind, "handler");
  assert.equal(func.call().text, "default");
});

Deno.test("a default object without fetch leaves the choice to what else there is", async () => {
  assert.equal((await deploy(`export default {}; Deno.serve(() => new Response());`)).kind, "serve");
});

const FAILURES: [name: string, source: string, text: RegExp][] = [
  ["a module without a handler", "export const a = 1;", /^TypeError: Cannot find a handler/],
  ["a syntax error", "let a = 1;\nlet b = ;", /^SyntaxError: .*\n {4}at test\.js:2:9/],
  [
    "a module that throws",
    "\n\n  throw new RangeError('no\\nway');",
    /^RangeError: no way\n {4}at .*\(test\.js:3:13\)/,
  ],
  [
    "a module that throws later",
    "await null;\nawait 0;\nmissing();",
    /^ReferenceError: missing is not defined\n.*test\.js:3:/,
  ],
  ["a class", "export default class { fetch() { return new Response(); } }", /is a class.*export default new App\(\)/],
  ["a second Deno.serve", "Deno.serve(() => 1); Deno.serve(() => 1);", /Cannot serve twice/],
  [
    "a thrown cause",
    'throw new Error("outer", { cause: new TypeError("inner") });',
    /Caused by: TypeError: inner\n {4}at .*test\.js:1/,
  ],
  ["a thrown string", 'throw "just text";', /just text/],
];

for (const [name, source, text] of FAILURES) {
  Deno.test(`a deploy fails with message and place for ${name}`, async () => {
    const answer = await tryDeploy(source);
    assert.equal(answer.status, null);
    assert.equal(answer.exit?.code, ExitCode.EXCEPTION);
    assert.match(answer.exit.text, text);
    assert.doesNotMatch(answer.exit.text, /mayfly\.js/);
  });
}

Deno.test("an import that was not bundled is unsupported, and is named", async () => {
  const { exit } = await tryDeploy('import "node:fs";\nexport default () => 1;');
  assert.equal(exit?.code, ExitCode.UNSUPPORTED);
  assert.match(exit.text, /Cannot import "node:fs"/);
});

Deno.test("a dynamic import that was not bundled rejects", async () => {
  const func = await deploy(`export default () => import("x").catch((error) => new Response(error.message));`);
  assert.match(func.call().text, /Cannot import "x"/);
});

Deno.test("the stack of a deploy carries the bundle's name as the context has it", async () => {
  const answer = await tryDeploy("throw new Error('x')", { file: "api/users.ts" });
  assert.match(answer.exit!.text, /\(api\/users\.ts:1:\d+\)/);
});

Deno.test("top-level await may wait for timers", async () => {
  const func = await deploy(`
    const value = await new Promise((resolve) => setTimeout(() => resolve("waited"), 50));
    export default () => new Response(value);
  `);
  assert.equal(func.call().text, "waited");
});

Deno.test("a deploy that never settles stays parked without a timer", async () => {
  const answer = await tryDeploy("await new Promise(() => {});");
  assert.equal(answer.exit, null);
  assert.equal(answer.status, null);
});

Deno.test("state made at init is in every clone, and no clone sees another's", async () => {
  const func = await deploy(`let count = 10; export default () => new Response(String(++count));`);
  assert.equal(func.call().text, "11");
  assert.equal(func.call().text, "11");
});

Deno.test("a function's bundle of several chunks is put together", async () => {
  const filler = `// ${"x".repeat(300_000)}\n`;
  const func = await deploy(`${filler}export default () => new Response("big");\n${filler}`);
  assert.equal(func.call().text, "big");
});

Deno.test("import.meta has the bundle's url", async () => {
  const func = await deploy(`export default () => new Response(import.meta.url);`, { file: "a/b.ts" });
  assert.equal(func.call().text, "file:///a/b.ts");
});

Deno.test("a hono-like app has its router built before the snapshot", async () => {
  const func = await deploy(`
    const log = [];
    export default {
      routes: [{}],
      router: { match: (method, path) => { log.push(method + path); return [[]]; } },
      fetch: () => new Response(log.join()),
    };
  `);
  assert.equal(func.call().text, "GET/");
});

// ---- AWS Lambda ----------------------------------------------------------------------------------------------------

const ECHO_EVENT = `export const handler = async (event, context) => ({ event, context });`;

Deno.test("a lambda gets the request as an HTTP API event of version 2.0", async () => {
  const func = await deploy(ECHO_EVENT);
  const answer = func.call({
    url: "http://shop.localhost/a/b%20c?x=1&x=2&y=%26",
    headers:
      "host\nshop.localhost\nx-forwarded-for\n6.6.6.6\ncookie\na=1; b=2\naccept\none\naccept\ntwo\ncontent-type\napplication/json\nuser-agent\ntester\n",
    body: '{"a":1}',
    id: "req-7",
    context: { params: { id: "7" } },
  });
  const { event, context } = JSON.parse(answer.text);
  assert.equal(event.version, "2.0");
  assert.equal(event.rawPath, "/a/b%20c");
  assert.equal(event.rawQueryString, "x=1&x=2&y=%26");
  assert.deepEqual(event.queryStringParameters, { x: "1,2", y: "&" });
  assert.deepEqual(event.cookies, ["a=1", "b=2"]);
  assert.equal(event.headers.accept, "one, two");
  assert.equal(event.headers.cookie, undefined);
  assert.deepEqual(event.pathParameters, { id: "7" });
  assert.equal(event.body, '{"a":1}');
  assert.equal(event.isBase64Encoded, false);
  assert.equal(event.requestContext.http.method, "POST");
  assert.equal(event.requestContext.http.sourceIp, "0.0.0.0");
  assert.equal(event.requestContext.http.userAgent, "tester");
  assert.equal(event.requestContext.requestId, "req-7");
  assert.match(event.requestContext.time, /^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/);
  assert.equal(context.awsRequestId, "req-7");
  assert.equal(context.functionName, "test");
});

Deno.test("a lambda gets bytes that are no text in base64", async () => {
  const func = await deploy(ECHO_EVENT);
  const { event } = JSON.parse(func.call({ body: new Uint8Array([0, 255, 254]) }).text);
  assert.equal(event.isBase64Encoded, true);
  assert.equal(event.body, "AP/+");
});

const RESULTS: [name: string, result: string, status: number, body: string, type: string | null][] = [
  ["a string", `"text"`, 200, "text", "application/json"],
  ["an object without a status", `({ a: 1 })`, 200, '{"a":1}', "application/json"],
  ["a status alone", `({ statusCode: 204 })`, 204, "", null],
  [
    "a base64 body",
    `({ statusCode: 200, body: "aGk=", isBase64Encoded: true })`,
    200,
    "hi",
    "text/plain;charset=UTF-8",
  ],
  ["a Response", `new Response("gone", { status: 410 })`, 410, "gone", "text/plain;charset=UTF-8"],
  ["a status as text", `({ statusCode: "201", headers: { "Content-Type": "a/b" }, body: "x" })`, 201, "x", "a/b"],
];

for (const [name, result, status, body, type] of RESULTS) {
  Deno.test(`a lambda may answer with ${name}`, async () => {
    const answer = (await deploy(`export const handler = async () => ${result};`)).call();
    assert.equal(answer.status, status);
    assert.equal(answer.text, body);
    assert.equal(answer.headers.find(([header]) => header === "content-type")?.[1] ?? null, type);
  });
}

Deno.test("a lambda's cookies and multi-value headers become headers of their own", async () => {
  const func = await deploy(`export const handler = async () => ({
    statusCode: 200, cookies: ["a=1", "b=2"], multiValueHeaders: { "X-Many": ["1", "2"] }, headers: { "x-one": 3 },
  });`);
  assert.deepEqual(func.call().headers, [
    ["x-one", "3"],
    ["x-many", "1"],
    ["x-many", "2"],
    ["set-cookie", "a=1"],
    ["set-cookie", "b=2"],
  ]);
});

Deno.test("a lambda with a third parameter may answer through its callback", async () => {
  const func = await deploy(`export const handler = (event, context, callback) => {
    setTimeout(() => callback(null, { statusCode: 202, body: "later" }), 5);
  };`);
  const answer = func.call();
  assert.equal(answer.status, 202);
  assert.equal(answer.text, "later");
});

Deno.test("a lambda that answers an invalid status is a bad response", async () => {
  const answer = (await deploy(`export const handler = async () => ({ statusCode: 99 });`)).call();
  assert.equal(answer.exit?.code, ExitCode.BAD_RESPONSE);
});

Deno.test("a module that fails deep inside names the place where that began", async () => {
  const { exit } = await tryDeploy(
    `const fail = (depth) => { if (depth === 0) throw new Error("deep"); fail(depth - 1); };\nfail(40);\n`,
  );
  assert.match(exit!.text, /\(test\.js:2:\d+\)/);
});

Deno.test("a request's stacks have the usual length", async () => {
  const func = await deploy(`
    const fail = (depth) => depth === 0 ? new Error("deep") : fail(depth - 1);
    export default () => new Response(fail(40).stack);`);
  assert.equal(func.call().text.split("\n").length, 1 + 10);
});
