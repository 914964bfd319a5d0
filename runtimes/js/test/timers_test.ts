import assert from "node:assert/strict";
import { ExitCode } from "./frames.ts";
import { deploy, evaluate } from "./host.ts";

Deno.test("a timer that is due runs in the same step", async () => {
  const func = await deploy(`export default async () => {
    await new Promise((resolve) => setTimeout(resolve, 0)); return new Response("ran");
  };`);
  const answer = func.call();
  assert.equal(answer.text, "ran");
  assert.equal(answer.steps, 1);
});

Deno.test("a timer in the future says when to wake", async () => {
  const exchange = (await deploy(`export default async () => {
    await new Promise((resolve) => setTimeout(resolve, 500)); return new Response("woke");
  };`)).begin();
  exchange.step();
  const wakeMs = exchange.last.wakeMs!;
  assert.ok(wakeMs > 400 && wakeMs <= 500, `it wants to wake in ${wakeMs} ms`);
  exchange.step();
  assert.equal(exchange.answer.status, null, "a step before its time changes nothing");
  assert.equal(exchange.run().text, "woke");
});

Deno.test("timers run by time, then in the order in which they were set, microtasks in between", async () => {
  const order = await evaluate(`
    const order = [];
    setTimeout(() => order.push("b"), 20);
    setTimeout(() => order.push("a1"), 10);
    setTimeout(() => { order.push("a2"); Promise.resolve().then(() => order.push("micro")); }, 10);
    setTimeout(() => order.push("a3"), 10);
    await new Promise((resolve) => setTimeout(resolve, 30));
    return order;
  `);
  assert.deepEqual(order, ["a1", "a2", "micro", "a3", "b"]);
});

Deno.test("an interval runs until it is cleared, with its arguments", async () => {
  const ticks = await evaluate(`
    const ticks = [];
    return new Promise((resolve) => {
      const id = setInterval((a, b) => { ticks.push(a + b); if (ticks.length === 3) { clearInterval(id); resolve(ticks); } }, 5, 1, 2);
    });
  `);
  assert.deepEqual(ticks, [3, 3, 3]);
});

Deno.test("a cleared timer does not run, whoever clears it", async () => {
  const ran = await evaluate(`
    let ran = 0;
    const later = setTimeout(() => ran++, 5);
    setTimeout(() => clearTimeout(later), 1);
    clearInterval(setTimeout(() => ran++, 1));
    clearTimeout(12345); clearTimeout(undefined);
    await new Promise((resolve) => setTimeout(resolve, 20));
    return ran;
  `);
  assert.equal(ran, 0);
});

Deno.test("endless timers of no delay give the host its turn", async () => {
  const exchange = (await deploy(`export default () => new Promise(() => { const f = () => setTimeout(f, 0); f(); });`))
    .begin();
  exchange.step();
  assert.equal(exchange.last.state, 0);
  assert.equal(exchange.last.wakeMs, 0);
});

Deno.test("more timers than the limit is a RangeError, and those before still run", async () => {
  const result = await evaluate(
    `
    let ran = 0, message;
    try { for (;;) setTimeout(() => ran++, 1); } catch (error) { message = error.name + ": " + error.message; }
    await new Promise((resolve) => queueMicrotask(resolve));
    return message;
  `,
    { timers: 100 },
  );
  assert.equal(result, "RangeError: Cannot set a timer: 100 are open already");
});

Deno.test("what a timer throws is logged, and the next one runs", async () => {
  const answer = (await deploy(`export default () => {
    setTimeout(() => { throw new Error("in a timer"); }, 1);
    return new Promise((resolve) => setTimeout(() => resolve(new Response("after")), 2));
  };`)).call();
  assert.equal(answer.text, "after");
  assert.match(answer.logs[0].text, /^Uncaught Error: in a timer\n {4}at .*test\.js:2/);
});

Deno.test("timers that are left over are dropped with the response", async () => {
  const answer = (await deploy(`export default () => { setInterval(() => {}, 1); return new Response("x"); };`)).call();
  assert.equal(answer.exit?.code, ExitCode.OK);
  assert.equal(answer.steps, 1);
});

Deno.test("a callback that is no function is a TypeError", async () => {
  assert.equal(await evaluate(`try { setTimeout("code") } catch (error) { return error.name }`), "TypeError");
});
