import assert from "node:assert/strict";
import { frame, headFrame } from "../../js/test/frames.ts";
import { ExitCode, FrameType, Guest } from "./guest.ts";

Deno.test("a request is answered, and the next one too", async () => {
  await using guest = await Guest.deployed(`export default (req, ctx) => {
    const { method, url } = req;
    return Response.json({ method, url, x: req.headers.get("x"), params: ctx.params, mount: ctx.mount, id: ctx.requestId });
  }`);
  const context = JSON.stringify({ params: { id: "7" }, mount: "/m" });
  for (const url of ["http://a.example/1", "http://a.example/ü?q"]) {
    const { status, headers, text, isWhole, exit } = await guest.request({ url, headers: "x\nä\n", context });
    assert.deepEqual([status, isWhole, exit], [200, true, { code: ExitCode.OK, text: "" }]);
    assert.deepEqual(headers, [["content-type", "application/json"]]);
    const expected = {
      method: "GET",
      url: new URL(url).href,
      x: "ä",
      params: { id: "7" },
      mount: "/m",
      id: "request-1",
    };
    assert.deepEqual(JSON.parse(text), expected);
  }
});

Deno.test("a body is read, whole or as it comes", async () => {
  await using guest = await Guest.deployed(`export default async (req) => {
    if (new URL(req.url).pathname === "/echo") return new Response(req.body);
    let bytes = 0;
    for await (const chunk of req.body) bytes += chunk.length;
    return Response.json({ bytes });
  }`);
  const post = (path: string, body: string, slowly = false) =>
    guest.request({ method: "POST", url: `http://a.example${path}`, body, slowly });
  assert.equal((await post("/echo", "small")).text, "small");
  assert.equal((await post("/echo", "")).text, "");
  assert.equal((await post("/echo", "x".repeat(300_000), true)).text.length, 300_000);
  assert.equal((await post("/count", "x".repeat(3_000_001))).text, '{"bytes":3000001}');
  assert.equal((await post("/echo", "again")).text, "again");
});

Deno.test("a large answer waits for the server to take it", async () => {
  await using guest = await Guest.deployed(`export default (req) => {
    if (req.url.endsWith("/whole")) return new Response("x".repeat(1_000_000));
    let left = 1000;
    return new Response(new ReadableStream({
      pull(controller) {
        if (left-- > 0) controller.enqueue(new Uint8Array(1024));
        else controller.close();
      },
    }));
  }`);
  for (const [path, length] of [["whole", 1_000_000], ["stream", 1_024_000]] as const) {
    const { bytes, exit } = await guest.request({ url: `http://a.example/${path}` });
    assert.deepEqual([bytes.length, exit.code], [length, ExitCode.OK]);
  }
});

Deno.test("timers, and what waitUntil holds, go on", async () => {
  await using guest = await Guest.deployed(`export default async (req, ctx) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    ctx.waitUntil(new Promise((resolve) => setTimeout(() => resolve(console.log("held")), 20)));
    return new Response("woke");
  }`);
  const order: number[] = [];
  guest.send(headFrame({}, 0));
  const { text, logs, exit } = await guest.answer(({ type }) => order.push(type));
  assert.deepEqual([text, logs, exit.code], ["woke", [{ level: 1, text: "held" }], ExitCode.OK]);
  assert.ok(order.indexOf(FrameType.END) < order.indexOf(FrameType.LOG));
  assert.equal((await guest.request()).text, "woke");
});

Deno.test("a cancellation aborts the request's signal", async () => {
  await using guest = await Guest.deployed(`export default (req, ctx) => {
    console.log("begun");
    return new Promise((resolve) => ctx.signal.addEventListener("abort", () => resolve(new Response(req.signal.reason.name))));
  }`);
  guest.send(headFrame({}, 0));
  const { text } = await guest.answer(({ type }) => {
    if (type === FrameType.LOG) guest.send(frame(FrameType.CANCEL));
  });
  assert.equal(text, "AbortError");
});

const failing: readonly [what: string, code: string, exit: number, text: RegExp][] = [
  [
    "throws",
    `() => { throw new Error("on purpose") }`,
    ExitCode.EXCEPTION,
    /^Error: on purpose\n {4}at .*\(?bundle\.js:1:\d+/,
  ],
  ["rejects", `async () => { await null; throw new TypeError("later") }`, ExitCode.EXCEPTION, /^TypeError: later\n/],
  ["throws what is no error", `() => { throw 7 }`, ExitCode.EXCEPTION, /^7\n$/],
  ["returns no response", `() => 42`, ExitCode.BAD_RESPONSE, /^The handler did not return a Response but 42\n$/],
  ["returns nothing", `async () => {}`, ExitCode.BAD_RESPONSE, /but undefined/],
  ["returns an error response", `() => Response.error()`, ExitCode.BAD_RESPONSE, /a response of status 0/],
  [
    "used its body",
    `async () => { const r = new Response("x"); await r.text(); return r; }`,
    ExitCode.BAD_RESPONSE,
    /read already/,
  ],
  ["throws a long text", `() => { throw new Error("x".repeat(2_000_000)) }`, ExitCode.EXCEPTION, /^Error: x{16000}/],
  ["throws a long line", `() => { throw "ä".repeat(2_000_000) }`, ExitCode.EXCEPTION, /^"ä{9000}/],
  [
    "has long headers",
    `() => new Response("", { headers: { a: "ä".repeat(40_000) } })`,
    ExitCode.BAD_RESPONSE,
    /too long headers/,
  ],
  ["recurses without end", `function f() { return [f()] }`, ExitCode.EXCEPTION, /^RangeError: Maximum call stack/],
  ["holds too much", `() => { throw new RangeError("Array buffer allocation failed") }`, ExitCode.MEMORY, /allocation/],
];
for (const [what, code, exit, text] of failing) {
  Deno.test(`a handler that ${what} ends its request alone`, async () => {
    await using guest = await Guest.deployed(`export default ${code}`);
    for (let i = 0; i < 2; i++) {
      const answer = await guest.request();
      assert.deepEqual([answer.status, answer.exit.code], [null, exit]);
      assert.match(answer.exit.text, text);
    }
  });
}

Deno.test("a stream that fails in its middle never looks complete", async () => {
  await using guest = await Guest.deployed(`export default () => new Response(new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode("half")),
    pull: (controller) => controller.error(new Error("broken")),
  }))`);
  const { status, isWhole, exit } = await guest.request();
  assert.deepEqual([status, isWhole, exit.code], [200, false, ExitCode.BODY_ERROR]);
  assert.match(exit.text, /^Error: broken/);
});

const kinds: readonly [kind: string, code: string][] = [
  ["handler", `export default () => new Response("handler")`],
  ["fetch", `export default { fetch: () => new Response("fetch") }`],
  ["serve", `Deno.serve({ port: 1 }, () => new Response("serve"))`],
  ["lambda", `export const handler = async (event) => ({ statusCode: 200, body: "lambda" + event.rawPath.slice(1) })`],
];
for (const [kind, code] of kinds) {
  Deno.test(`a module's handler is found: ${kind}`, async () => {
    await using guest = new Guest();
    const { text, exit } = await guest.deploy(code);
    assert.deepEqual([text, exit.code], [JSON.stringify({ kind }), ExitCode.OK]);
    assert.equal((await guest.request()).text, kind);
  });
}

const undeployable: readonly [what: string, code: string, text: RegExp][] = [
  ["throws", `\nthrow new Error("at init")`, /^Error: at init\n {4}at bundle\.js:2:7/],
  [
    "has no handler",
    `export const helper = 1`,
    /^TypeError: Cannot find a handler: the module exports helper \(a number\)/,
  ],
  ["exports a class", `export default class App {}`, /the default export is a class/],
];
for (const [what, code, text] of undeployable) {
  Deno.test(`a module that ${what} cannot be deployed`, async () => {
    await using guest = new Guest();
    const { exit } = await guest.deploy(code);
    assert.equal(exit.code, ExitCode.EXCEPTION);
    assert.match(exit.text, text);
  });
}

Deno.test("a module may wait at its top", async () => {
  await using guest = await Guest.deployed(
    `const text = await new Promise((resolve) => setTimeout(resolve, 5, "waited"));
    export default () => new Response(text)`,
  );
  assert.equal((await guest.request()).text, "waited");
});

Deno.test("lines of the log have levels, and what nobody caught is one", async () => {
  await using guest = await Guest.deployed(`export default async () => {
    console.debug("%s", "d"); console.log({ a: "x" }); console.warn("w"); console.error("e");
    console.group("g"); console.log("in"); console.groupEnd();
    Promise.reject(new Error("nobody"));
    setTimeout(() => { throw new Error("timer") });
    await new Promise((resolve) => setTimeout(resolve, 20));
    return new Response("fine");
  }`);
  const { text, logs } = await guest.request();
  assert.equal(text, "fine");
  assert.deepEqual(logs.slice(0, 6), [
    { level: 0, text: "d" },
    { level: 1, text: '{ a: "x" }' },
    { level: 2, text: "w" },
    { level: 3, text: "e" },
    { level: 1, text: "g" },
    { level: 1, text: "  in" },
  ]);
  assert.match(logs[6].text, /^Uncaught \(in promise\) Error: nobody\n {4}at .*bundle\.js:4/);
  assert.match(logs[7].text, /^Uncaught Error: timer\n {4}at .*bundle\.js:5/);
});

Deno.test("the log is bounded", async () => {
  const code =
    `export default () => { for (let i = 0; i < 100; i++) console.log("x".repeat(100)); return new Response() }`;
  await using guest = await Guest.deployed(code, { logBytes: 1000 });
  for (let i = 0; i < 2; i++) {
    const { logs } = await guest.request();
    assert.equal(logs.length, 11);
    assert.equal(logs[10].text, "90 lines of the log were dropped");
  }
});

Deno.test("the environment is the function's own and what programs need", async () => {
  await using guest = await Guest.deployed(
    `export default (_, { env }) => Response.json([Object.keys(env), Deno.env.toObject(), process.env.OWN])`,
  );
  const { text } = await guest.request();
  assert.deepEqual(JSON.parse(text), [["OWN"], { OWN: "1", HOME: "/tmp", PATH: "/usr/bin:/bin" }, "1"]);
});

Deno.test("what was rejected and nobody handles is in the log, though nothing waited", async () => {
  await using guest = new Guest();
  const rejecting =
    `Promise.reject(new Error("at init")); export default () => { Promise.reject(new Error("then")); return new Response("fine") }`;
  const deployed = await guest.deploy(rejecting);
  assert.match(deployed.logs[0].text, /^Uncaught \(in promise\) Error: at init\n/);
  const { text, logs } = await guest.request();
  assert.equal(text, "fine");
  assert.match(logs[0].text, /^Uncaught \(in promise\) Error: then\n/);
});

Deno.test("a function begins with a young generation that has room, and finds nothing to collect it with", async () => {
  await using guest = await Guest.deployed(`
    import { getHeapSpaceStatistics } from "node:v8";
    export default () => {
      const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
      return Response.json({ used: young.space_used_size, gc: typeof globalThis.gc });
    };
  `);
  const { used, gc } = JSON.parse((await guest.request()).text);
  assert.equal(gc, "undefined");
  assert.ok(used < 2 << 20, `${used} bytes of 4 MB are in use`);
});

const waiting = "await new Promise((resolve) => setTimeout(resolve, 1))";

for (
  const [what, code, next] of [
    ["waits for nothing is asked again and again", "() => new Response(`${++n}`)", /^[1-9]\d+$/],
    ["waits is asked once", `async () => { n++; ${waiting}; return new Response(\`${"${n}"}\`) }`, /^2$/],
    [
      "comes to wait is asked no more",
      `async () => { if (++n > 4) ${waiting}; return new Response(\`${"${n}"}\`) }`,
      /^6$/,
    ],
  ] as const
) {
  Deno.test(`a warm-up request that ${what}, and answered once`, async () => {
    await using guest = await Guest.deployed(`let n = 0; export default ${code};`);
    assert.equal((await guest.request({ id: "" })).text, "1");
    assert.match((await guest.request()).text, next);
  });
}
