import assert from "node:assert/strict";
import { deploy } from "./host.ts";

/** What the handler's `steps` see of the store, in the order in which they were told. */
async function seen(steps: string, setup = ""): Promise<string[]> {
  const func = await deploy(`
    import { builtin } from "mayfly:library";
    const { AsyncLocalStorage, AsyncResource } = builtin("node:async_hooks");
    const als = new AsyncLocalStorage();
    ${setup}
    export default async () => {
      const seen = [];
      const see = (what) => void seen.push(what + " " + als.getStore());
      ${steps}
      see("outside");
      return Response.json(seen);
    };`);
  return JSON.parse(func.call().text);
}

const FOLLOWED: [what: string, step: string][] = [
  ["a promise's then", `await als.run("in", () => Promise.resolve().then(() => see("then")));`],
  [
    "a then that was there before its promise settled",
    `
    const { promise, resolve } = Promise.withResolvers();
    const done = als.run("in", () => promise.then(() => see("then")));
    resolve();
    await done;`,
  ],
  ["a catch", `await als.run("in", () => Promise.reject(1).catch(() => see("catch")));`],
  ["a finally", `await als.run("in", () => Promise.resolve().finally(() => see("finally")));`],
  ["await", `await als.run("in", async () => { await null; await 0; see("await"); });`],
  [
    "await of what another context settles",
    `
    const { promise, resolve } = Promise.withResolvers();
    const done = als.run("in", async () => { await promise; see("await"); });
    als.run("other", resolve);
    await done;`,
  ],
  ["await of a thenable", `await als.run("in", async () => { await { then(ok) { see("thenable"); ok(); } }; });`],
  [
    "for await",
    `
    await als.run("in", async () => { for await (const _ of (async function* () { yield 1; })()) see("loop"); });`,
  ],
  ["a timer", `await als.run("in", () => new Promise((ok) => setTimeout(() => { see("timer"); ok(); }, 1)));`],
  ["setImmediate", `await als.run("in", () => new Promise((ok) => setImmediate(() => { see("immediate"); ok(); })));`],
  ["a microtask", `await als.run("in", () => new Promise((ok) => queueMicrotask(() => { see("task"); ok(); })));`],
  ["nextTick", `await als.run("in", () => new Promise((ok) => process.nextTick(() => { see("tick"); ok(); })));`],
  [
    "an event",
    `
    await als.run("in", async () => {
      const target = new EventTarget();
      target.addEventListener("x", () => see("event"));
      target.dispatchEvent(new Event("x"));
    });`,
  ],
  [
    "a stream",
    `
    await als.run("in", async () => {
      const stream = new ReadableStream({ async pull(c) { await null; see("pull"); c.close(); } });
      for await (const _ of stream);
    });`,
  ],
  ["a bound function", `const bound = als.run("in", () => AsyncResource.bind(() => see("bound"))); bound();`],
  ["a snapshot", `const snapshot = als.run("in", () => AsyncLocalStorage.snapshot()); snapshot(() => see("shot"));`],
];

for (const [what, step] of FOLLOWED) {
  Deno.test(`a store follows ${what}, and ends with it`, async () => {
    const lines = await seen(step);
    assert.match(lines[0], / in$/);
    assert.deepEqual(lines.slice(1).filter((line) => !line.endsWith(" in")), ["outside undefined"]);
  });
}

Deno.test("stores of concurrent calls do not mix", async () => {
  const lines = await seen(`
    const wait = (ms) => new Promise((ok) => setTimeout(ok, ms));
    await Promise.all([3, 1, 2].map((n) => als.run(n, async () => { await wait(n); see("after " + n); })));`);
  assert.deepEqual(lines, ["after 1 1", "after 2 2", "after 3 3", "outside undefined"]);
});

Deno.test("a store can be entered, left and nested", async () => {
  const lines = await seen(`
    await als.run("outer", async () => {
      als.run("inner", () => see("nested"));
      als.exit(() => see("left"));
      als.enterWith("entered");
      await null;
      see("entered");
    });`);
  assert.deepEqual(lines, ["nested inner", "left undefined", "entered entered", "outside undefined"]);
});

Deno.test("what a request entered is not seen by the next step or request", async () => {
  const func = await deploy(`
    import { builtin } from "mayfly:library";
    const als = new (builtin("async_hooks").AsyncLocalStorage)();
    export default (req) => {
      const before = als.getStore();
      als.enterWith("left behind");
      return new Response(String(before));
    };`);
  assert.equal(func.call().text, "undefined");
  assert.equal(func.call().text, "undefined");
});
