import assert from "node:assert/strict";
import { beginRequest, deploy } from "./host.ts";
import { baseImage, engineFiles, Sandbox } from "./sandbox.ts";

const pairOf = async (source: string): Promise<[unknown, unknown]> => {
  const func = await deploy(`export default async () => Response.json(${source});`);
  return [JSON.parse(func.call().text), JSON.parse(func.call().text)];
};

const FRESH = ["Math.random()", "crypto.randomUUID()", "[...crypto.getRandomValues(new Uint8Array(8))].join()"];

for (const source of FRESH) {
  Deno.test(`two clones differ in ${source}`, async () => {
    const [first, second] = await pairOf(source);
    assert.notEqual(first, second);
  });
}

Deno.test("Math.random is drawn anew in each clone even if it was used at init", async () => {
  const func = await deploy(
    `const first = Math.random(); export default () => new Response(first + "," + Math.random());`,
  );
  const [a, b] = [func.call().text.split(","), func.call().text.split(",")];
  assert.equal(a[0], b[0]);
  assert.notEqual(a[1], b[1]);
});

Deno.test("a clone's clocks tell the time at which it runs", async () => {
  const func = await deploy(`export default () =>
    Response.json([Date.now(), performance.timeOrigin + performance.now()]);`);
  const before = Date.now();
  const [now, sum] = JSON.parse(func.call().text);
  assert.ok(now >= before && now <= Date.now());
  assert.ok(Math.abs(sum - now) < 50, `origin and now make ${sum}, not ${now}`);
});

Deno.test("the monotonic clock goes on from init, and never back", async () => {
  const func = await deploy(`
    const start = performance.now(), origin = performance.timeOrigin;
    export default () => Response.json({ passed: performance.now() - start, later: performance.timeOrigin > origin });
  `);
  const { passed, later } = JSON.parse(func.call().text);
  assert.ok(passed >= 0 && passed < 1000, `${passed} ms have passed for it`);
  assert.ok(later);
});

Deno.test("a timer set at init runs relative to the clone", async () => {
  const func = await deploy(`
    let ticked = false; setTimeout(() => ticked = true, 1000);
    export default async () => {
      const before = ticked; await new Promise((resolve) => setTimeout(resolve, 2000));
      return Response.json([before, ticked]);
    };
  `);
  const exchange = func.begin();
  exchange.step();
  assert.ok(exchange.last.wakeMs! > 900 && exchange.last.wakeMs! <= 1000, `it wakes in ${exchange.last.wakeMs} ms`);
  assert.equal(exchange.run().text, "[false,true]");
});

Deno.test("a map that was filled at init is whole in a clone", async () => {
  const func = await deploy(`
    const map = new Map(Array.from({ length: 1000 }, (_, i) => ["key" + i, i]));
    export default () => new Response(String([...map.keys()].every((key) => map.has(key)) && map.get("key999")));
  `);
  assert.equal(func.call().text, "999");
});

Deno.test("globals and prototypes that a request changed are as before in the next", async () => {
  const func = await deploy(`export default () => {
    const seen = [globalThis.mark, Array.prototype.mark, JSON.mark];
    globalThis.mark = Array.prototype.mark = JSON.mark = 1;
    return Response.json(seen);
  };`);
  assert.equal(func.call().text, "[null,null,null]");
  assert.equal(func.call().text, "[null,null,null]");
});

Deno.test("a sandbox may serve warm-up requests after its deploy, and keeps what they changed", async () => {
  const func = await deploy(`let n = 0; export default (req) => new Response(req.url + " " + ++n);`);
  const sandbox = Sandbox.clone(func.snapshot);
  assert.equal(beginRequest(sandbox, { url: "http://localhost/a" }).run().text, "http://localhost/a 1");
  assert.equal(beginRequest(sandbox, { url: "http://localhost/b" }).run().text, "http://localhost/b 2");
  const warm = sandbox.snapshot();
  assert.equal(beginRequest(Sandbox.clone(warm)).run().text, "http://localhost/ 3");
});

Deno.test("a request that is over does not show the next one's head", async () => {
  const func = await deploy(`let first; export default (req) => {
    first ??= req; return Response.json([first.url, first.headers.get("a"), req.url, req.headers.get("a")]);
  };`);
  const sandbox = Sandbox.clone(func.snapshot);
  beginRequest(sandbox, { url: "http://localhost/a", headers: { a: "1" } }).run();
  const { text } = beginRequest(sandbox, { url: "http://localhost/b", headers: { a: "2" } }).run();
  assert.deepEqual(JSON.parse(text), ["http://localhost/a", null, "http://localhost/b", "2"]);
});

Deno.test("the same inputs make the same image", async () => {
  const again = Sandbox.boot(await engineFiles()).snapshot();
  assert.deepEqual(again.memory, (await baseImage()).memory);
});
