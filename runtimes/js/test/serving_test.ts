import assert from "node:assert/strict";
import { ExitCode } from "./frames.ts";
import { deploy } from "./host.ts";

Deno.test("method, url, headers and body arrive as they were sent", async () => {
  const func = await deploy(`export default async (req) => Response.json({
    method: req.method, url: req.url, headers: [...req.headers], body: await req.text(), used: req.bodyUsed,
  });`);
  const { text } = func.call({
    method: "PATCH",
    url: "http://localhost:8000/x?y=1",
    headers: "host\nlocalhost\nx-latin\ncaf\u00e9\naccept\na\naccept\nb\n",
    body: "bödy €",
  });
  assert.deepEqual(JSON.parse(text), {
    method: "PATCH",
    url: "http://localhost:8000/x?y=1",
    headers: [["accept", "a, b"], ["host", "localhost"], ["x-latin", "café"]],
    body: "bödy €",
    used: true,
  });
});

Deno.test("the request's headers are immutable", async () => {
  const func = await deploy(`export default (req) => { req.headers.set("a", "b"); return new Response("no"); };`);
  const { exit } = func.call();
  assert.equal(exit?.code, ExitCode.EXCEPTION);
  assert.match(exit.text, /^TypeError: .*immutable/);
});

Deno.test("ctx has params, mount, request id, function, env and a signal", async () => {
  const func = await deploy(
    `export default (req, ctx) => Response.json({
      params: ctx.params, mount: ctx.mount, id: ctx.requestId, fn: ctx.function, env: ctx.env,
      same: ctx.signal === req.signal, aborted: ctx.signal.aborted,
    });`,
    { env: { KEY: "value" }, mount: "/at" },
  );
  const { text } = func.call({ context: { params: { id: "7" } }, id: "r-1" });
  assert.deepEqual(JSON.parse(text), {
    params: { id: "7" },
    mount: "/at",
    id: "r-1",
    fn: { name: "test", tenant: "home", version: "1" },
    env: { KEY: "value" },
    same: true,
    aborted: false,
  });
});

Deno.test("ctx has empty params and the deploy's mount when the request says nothing", async () => {
  const func = await deploy(`export default (_, ctx) => Response.json([ctx.params, ctx.mount]);`, { mount: "/m" });
  assert.equal(func.call().text, '[{},"/m"]');
});

Deno.test("ctx shows what it has in the log, but no value of the environment", async () => {
  const func = await deploy(`export default (_, ctx) => (console.log(ctx), new Response());`, {
    env: { KEY: "sesame" },
    mount: "/at",
  });
  const [{ text }] = func.call({ context: { params: { id: "7" } }, id: "r-1" }).logs;
  assert.match(text, /^Context \{[^]*params: \{ id: "7" \}[^]*mount: "\/at"[^]*requestId: "r-1"[^]*KEY: "\.\.\."/);
  assert.doesNotMatch(text, /sesame/);
});

const WRONG_RESULTS: [name: string, source: string, text: RegExp][] = [
  ["undefined", "() => {}", /^The handler did not return a Response but undefined/],
  ["a string", '() => "hello"', /but "hello"/],
  ["a promise of a number", "async () => 7", /but 7/],
  ["a look-alike", "() => ({ status: 200, headers: {} })", /but \{ status: 200/],
  ["an error response", "() => Response.error()", /status 0/],
  ["a status out of range", '() => new Response("", { status: 700 })', /status is 700/],
  ["a status of 101", "() => new Response(null, { status: 101 })", /status is 101/],
  ["a header with a line break", '() => new Response("", { headers: { a: "b\\r\\nc: d" } })', /value in the header a/],
  ["a header of an invalid name", '() => new Response("", { headers: { "a b": "c" } })', /header of the name "a b"/],
  ["a read body", 'async () => { const r = new Response("x"); await r.text(); return r; }', /body was read already/],
  ["too long headers", '() => new Response("", { headers: { a: "x".repeat(60000) } })', /too long headers/],
];

for (const [name, handler, text] of WRONG_RESULTS) {
  Deno.test(`a handler that returns ${name} is a bad response`, async () => {
    const answer = (await deploy(`export default ${handler};`)).call();
    assert.equal(answer.status, null);
    assert.equal(answer.exit?.code, ExitCode.BAD_RESPONSE, answer.exit?.text);
    assert.match(answer.exit.text, text);
  });
}

Deno.test("an invalid response that a handler catches is no failure", async () => {
  const func = await deploy(`export default () => {
    try { return new Response("", { status: 9 }); } catch (error) { return new Response(error.name); }
  };`);
  assert.equal(func.call().text, "RangeError");
});

for (
  const handler of ["() => { throw new TypeError('boom') }", "async () => { await 0; throw new TypeError('boom') }"]
) {
  Deno.test(`what a handler throws ends the request with message and stack: ${handler}`, async () => {
    const { exit, status } = (await deploy(`\nexport default ${handler};`)).call();
    assert.equal(status, null);
    assert.equal(exit?.code, ExitCode.EXCEPTION);
    assert.match(exit.text, /^TypeError: boom\n {4}at .*\(test\.js:2:\d+\)/);
  });
}

Deno.test("a thenable counts as a promise", async () => {
  const func = await deploy(`export default () => ({ then: (resolve) => resolve(new Response("then")) });`);
  assert.equal(func.call().text, "then");
});

Deno.test("a response's body of 1 MB follows the credit that it is given", async () => {
  const func = await deploy(`export default () => new Response("é".repeat(500_000));`);
  const exchange = func.begin();
  exchange.step();
  const first = exchange.finish();
  assert.equal(first.body.length, 65536, "no more than the first credit");
  const answer = exchange.run();
  assert.equal(answer.body.length, 1_000_000);
  assert.equal(answer.text, "é".repeat(500_000));
  assert.ok(answer.ended);
  assert.equal(answer.exit?.code, ExitCode.OK);
});

Deno.test("bytes arrive as they are", async () => {
  const func = await deploy(`export default () => new Response(new Uint8Array([0, 128, 255]));`);
  const answer = func.call();
  assert.deepEqual([...answer.body], [0, 128, 255]);
  assert.deepEqual(answer.headers, []);
});

Deno.test("repeated set-cookie headers stay apart", async () => {
  const func = await deploy(`export default () => {
    const headers = new Headers(); headers.append("Set-Cookie", "a=1"); headers.append("set-cookie", "b=2");
    return new Response(null, { headers, status: 204 });
  };`);
  assert.deepEqual(func.call().headers, [["set-cookie", "a=1"], ["set-cookie", "b=2"]]);
});

Deno.test("an unread request body does not hold up the response", async () => {
  const func = await deploy(`export default () => new Response("done");`);
  const answer = func.call({ body: new Uint8Array(1_000_000) });
  assert.equal(answer.text, "done");
  assert.equal(answer.exit?.code, ExitCode.OK);
  assert.equal(answer.steps, 1);
});

Deno.test("a request body larger than its credit is read whole", async () => {
  const func = await deploy(`export default async (req) => {
    const bytes = await req.bytes(); let sum = 0; for (const b of bytes) sum += b;
    return Response.json([bytes.length, sum]);
  };`);
  const body = new Uint8Array(400_000).fill(3);
  assert.equal(func.call({ body }).text, "[400000,1200000]");
});

Deno.test("a request body is pulled as a stream, and flows in with credit", async () => {
  const func = await deploy(`export default async (req) => {
    let bytes = 0, pieces = 0;
    for await (const piece of req.body) { bytes += piece.length; pieces++; }
    return Response.json({ bytes, several: pieces > 3 });
  };`);
  assert.equal(func.call({ body: new Uint8Array(1_000_000) }).text, '{"bytes":1000000,"several":true}');
});

Deno.test("nobody pulls, no credit is given", async () => {
  const func = await deploy(`export default async (req) => {
    const reader = req.body.getReader(); await reader.read(); await new Promise(() => {});
  };`);
  const exchange = func.begin({ body: new Uint8Array(1_000_000) });
  exchange.run();
  const { granted } = exchange;
  assert.ok(granted <= 65536, `${granted} bytes were granted`);
});

Deno.test("a request's body can be sent back as it comes", async () => {
  const func = await deploy(`export default (req) => new Response(req.body);`);
  const body = crypto.getRandomValues(new Uint8Array(50_000));
  const big = new Uint8Array(500_000);
  for (let at = 0; at < big.length; at += body.length) big.set(body, at);
  const answer = func.call({ body: big });
  assert.deepEqual(answer.body, big);
  assert.equal(answer.exit?.code, ExitCode.OK);
});

Deno.test("a stream's pieces go out as they are produced", async () => {
  const func = await deploy(`export default () => {
    let i = 0;
    return new Response(new ReadableStream({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        if (i === 3) return controller.close();
        controller.enqueue(new TextEncoder().encode("piece " + i++ + "\\n"));
      },
    }));
  };`);
  const exchange = func.begin();
  exchange.step();
  assert.equal(exchange.answer.status, 200, "the head goes out before the first piece");
  assert.equal(exchange.run().text, "piece 0\npiece 1\npiece 2\n");
  assert.ok(exchange.answer.steps >= 4);
});

Deno.test("an endless stream stops where its credit ends", async () => {
  const func = await deploy(`export default () => new Response(new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(10_000)),
  }));`);
  const exchange = func.begin();
  const { state, wakeMs } = exchange.step();
  assert.equal(state, 0);
  assert.equal(wakeMs, null);
  assert.equal(exchange.finish().body.length, 65536);
});

Deno.test("a stream that fails after the head is a body error", async () => {
  const func = await deploy(`export default () => new Response(new ReadableStream({
    start: (controller) => controller.enqueue(new Uint8Array(3)),
    pull: () => { throw new Error("the source broke"); },
  }));`);
  const answer = func.call();
  assert.equal(answer.status, 200);
  assert.equal(answer.ended, false);
  assert.equal(answer.exit?.code, ExitCode.BODY_ERROR);
  assert.match(answer.exit.text, /^Error: the source broke\n.*test\.js:3/);
});

Deno.test("a chunk that is no Uint8Array is a body error", async () => {
  const func = await deploy(`export default () => new Response(new ReadableStream({
    start: (controller) => controller.enqueue("text"),
  }));`);
  const { exit } = func.call();
  assert.equal(exit?.code, ExitCode.BODY_ERROR);
  assert.match(exit.text, /no Uint8Array but "text"/);
});

Deno.test("the sandbox lives until what waitUntil holds has settled, and no longer", async () => {
  const func = await deploy(`export default (req, ctx) => {
    ctx.waitUntil(new Promise((resolve) => setTimeout(() => { console.log("late"); resolve(); }, 100)));
    setTimeout(() => console.log("never"), 10_000);
    return new Response("at once");
  };`);
  const exchange = func.begin();
  exchange.step();
  assert.ok(exchange.answer.ended, "the response does not wait");
  assert.equal(exchange.answer.exit, null);
  const answer = exchange.run();
  assert.deepEqual(answer.logs.map((line) => line.text), ["late"]);
  assert.equal(answer.exit?.code, ExitCode.OK);
});

Deno.test("what waitUntil held and was rejected is logged", async () => {
  const func = await deploy(`export default (req, ctx) => {
    ctx.waitUntil(Promise.reject(new Error("lost")));
    return new Response("ok");
  };`);
  const answer = func.call();
  assert.equal(answer.exit?.code, ExitCode.OK);
  assert.match(answer.logs[0].text, /Error: lost\n.*test\.js:2/);
});

Deno.test("microtasks that are queued at the response's end still run, endless ones do not", async () => {
  const func = await deploy(`export default () => {
    Promise.resolve().then(() => console.log("after"));
    (async () => { for (;;) await null; })();
    return new Response("x");
  };`);
  const answer = func.call();
  assert.equal(answer.exit?.code, ExitCode.OK);
  assert.deepEqual(answer.logs.map((line) => line.text), ["after"]);
});

Deno.test("a handler that never settles stays parked without a timer", async () => {
  const exchange = (await deploy(`export default () => new Promise(() => {});`)).begin();
  assert.deepEqual([exchange.step().state, exchange.last.wakeMs], [0, null]);
});

Deno.test("a request of a HEAD without a body flag has no body", async () => {
  const func = await deploy(`export default (req) => Response.json([req.body, req.bodyUsed]);`);
  assert.equal(func.call().text, "[null,false]");
});

Deno.test("what waitUntil has to do yet does not hold the response back", async () => {
  const func = await deploy(`export default (req, ctx) => {
    ctx.waitUntil((async () => { await null; await null; await null; console.log("later"); })());
    return new Response("at once");
  };`);
  const exchange = func.begin();
  const first = exchange.step();
  assert.equal(first.wakeMs, 0, "there is work left");
  assert.ok(exchange.answer.ended);
  assert.deepEqual(exchange.answer.logs, []);
  const answer = exchange.run();
  assert.deepEqual(answer.logs.map(({ text }) => text), ["later"]);
  assert.equal(answer.exit?.code, ExitCode.OK);
});

Deno.test("a timer of waitUntil that is due does not hold the response back", async () => {
  const func = await deploy(`export default (req, ctx) => {
    ctx.waitUntil(new Promise((resolve) => setTimeout(() => { console.log("later"); resolve(); }, 0)));
    return new Response("at once");
  };`);
  const exchange = func.begin();
  assert.equal(exchange.step().wakeMs, 0);
  assert.deepEqual(exchange.answer.logs, []);
  assert.equal(exchange.run().logs.length, 1);
});

Deno.test("a response around another one's body has all of it, and is whole when nobody touched it", async () => {
  const func = await deploy(`
    export default async (req) => {
      const first = new Response("text of it", { headers: { "x-a": "1" } });
      const second = new Response(first.body, first);
      second.headers.set("x-b", "2");
      if (!req.url.endsWith("read")) return second;
      const reader = second.body.getReader();
      await reader.read();
      reader.releaseLock();
      return second;
    };`);
  const whole = func.call();
  assert.equal(whole.text, "text of it");
  assert.deepEqual(Object.fromEntries(whole.headers), {
    "content-type": "text/plain;charset=UTF-8",
    "x-a": "1",
    "x-b": "2",
  });
  assert.equal(func.call({ url: "http://localhost/read" }).exit?.code, ExitCode.BAD_RESPONSE);
});
