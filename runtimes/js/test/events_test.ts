import assert from "node:assert/strict";
import { testExpressions, throws } from "./expressions.ts";
import { ExitCode, frame, FrameType } from "./frames.ts";
import { deploy } from "./host.ts";

testExpressions([
  [
    "listeners are called in order, once each",
    `const t = new EventTarget(), seen = []; const f = () => seen.push(1); t.addEventListener("a", f); t.addEventListener("a", f); t.addEventListener("a", { handleEvent() { seen.push(2) } }); t.dispatchEvent(new Event("a")); return seen`,
    [1, 2],
  ],
  [
    "a removed listener is not called",
    `const t = new EventTarget(); let n = 0; const f = () => n++; t.addEventListener("a", f); t.removeEventListener("a", f); t.dispatchEvent(new Event("a")); return n`,
    0,
  ],
  [
    "once is once",
    `const t = new EventTarget(); let n = 0; t.addEventListener("a", () => n++, { once: true }); t.dispatchEvent(new Event("a")); t.dispatchEvent(new Event("a")); return n`,
    1,
  ],
  [
    "a signal removes a listener",
    `const t = new EventTarget(), c = new AbortController(); let n = 0; t.addEventListener("a", () => n++, { signal: c.signal }); t.dispatchEvent(new Event("a")); c.abort(); t.dispatchEvent(new Event("a")); return n`,
    1,
  ],
  [
    "preventDefault wants a cancelable event",
    `const t = new EventTarget(); t.addEventListener("a", (e) => e.preventDefault()); return [t.dispatchEvent(new Event("a")), t.dispatchEvent(new Event("a", { cancelable: true }))]`,
    [true, false],
  ],
  [
    "stopImmediatePropagation stops the rest",
    `const t = new EventTarget(); let n = 0; t.addEventListener("a", (e) => e.stopImmediatePropagation()); t.addEventListener("a", () => n++); t.dispatchEvent(new Event("a")); return n`,
    0,
  ],
  [
    "an event knows its target while it is dispatched",
    `const t = new EventTarget(); const seen = []; t.addEventListener("a", function (e) { seen.push(this === t, e.target === t, e.currentTarget === t, e.eventPhase, e.composedPath().length) }); const e = new Event("a"); t.dispatchEvent(e); return [seen, e.currentTarget, e.eventPhase]`,
    [[true, true, true, 2, 1], null, 0],
  ],
  [
    "an event cannot be dispatched twice at once",
    `const t = new EventTarget(); const e = new Event("a"); let name; t.addEventListener("a", () => { try { t.dispatchEvent(e) } catch (x) { name = x.name } }); t.dispatchEvent(e); return name`,
    "InvalidStateError",
  ],
  [
    "a listener that throws does not stop the others",
    `const t = new EventTarget(); let n = 0; t.addEventListener("a", () => { throw 1 }); t.addEventListener("a", () => n++); t.dispatchEvent(new Event("a")); return n`,
    1,
  ],
  [
    "classes may extend EventTarget",
    `class A extends EventTarget { go() { this.dispatchEvent(new CustomEvent("x", { detail: 7 })) } } const a = new A(); let d; a.addEventListener("x", (e) => d = e.detail); a.go(); return d`,
    7,
  ],
  ["an event wants a type", `new Event()`, throws("TypeError")],
  [
    "ErrorEvent and PromiseRejectionEvent carry their parts",
    `const e = new ErrorEvent("error", { message: "m", error: 1 }); const p = Promise.resolve(); const r = new PromiseRejectionEvent("x", { promise: p, reason: 2 }); return [e.message, e.error, e instanceof Event, r.reason, r.promise === p]`,
    ["m", 1, true, 2, true],
  ],

  [
    "abort aborts once, with a reason",
    `const c = new AbortController(); const seen = []; c.signal.addEventListener("abort", () => seen.push(1)); c.signal.onabort = () => seen.push(2); c.abort("a"); c.abort("b"); return [seen, c.signal.aborted, c.signal.reason]`,
    [[1, 2], true, "a"],
  ],
  [
    "without a reason it is an AbortError",
    `const c = new AbortController(); c.abort(); return [c.signal.reason.name, c.signal.reason.code, c.signal.reason instanceof DOMException]`,
    ["AbortError", 20, true],
  ],
  [
    "throwIfAborted throws the reason",
    `const s = AbortSignal.abort(new RangeError("x")); return s.throwIfAborted()`,
    throws("RangeError"),
  ],
  [
    "AbortSignal.timeout aborts in time",
    `const s = AbortSignal.timeout(5); await new Promise((r) => s.addEventListener("abort", r)); return s.reason.name`,
    "TimeoutError",
  ],
  [
    "AbortSignal.any follows the first",
    `const a = new AbortController(), b = new AbortController(); const s = AbortSignal.any([a.signal, b.signal]); b.abort("b"); a.abort("a"); return [s.aborted, s.reason]`,
    [true, "b"],
  ],
  ["AbortSignal.any of an aborted one is aborted", `AbortSignal.any([AbortSignal.abort("x")]).reason`, "x"],
  ["a signal is not made by hand", `new AbortSignal()`, throws("TypeError")],
  [
    "reportError reaches the listeners of error",
    `const seen = []; addEventListener("error", (e) => { seen.push(e.error, e.message); e.preventDefault() }, { once: true }); reportError("oops"); return seen`,
    ["oops", "Uncaught exception"],
  ],
]);

Deno.test("an unhandled rejection is logged with its stack, and fails nothing", async () => {
  const func = await deploy(`export default async () => {
    Promise.reject(new TypeError("nobody cares")); await 0; await 0;
    return new Response("fine");
  };`);
  const answer = func.call();
  assert.equal(answer.text, "fine");
  assert.equal(answer.exit?.code, ExitCode.OK);
  assert.deepEqual(answer.logs.map(({ level }) => level), [3]);
  assert.match(answer.logs[0].text, /^Uncaught \(in promise\) TypeError: nobody cares\n {4}at .*test\.js:2/);
});

Deno.test("a rejection that is handled before its turn ends is not logged", async () => {
  const func = await deploy(`export default async () => {
    const p = Promise.reject(1); await 0; p.catch(() => {}); return new Response("");
  };`);
  assert.deepEqual(func.call().logs, []);
});

Deno.test("listeners of unhandledrejection are told in order, and may prevent the log", async () => {
  const func = await deploy(`
    const seen = [];
    addEventListener("unhandledrejection", (event) => { seen.push(event.reason); if (event.reason < 3) event.preventDefault(); });
    export default async () => {
      for (const i of [1, 2, 3]) Promise.reject(i);
      await new Promise((resolve) => setTimeout(resolve, 1));
      return Response.json(seen);
    };
  `);
  const answer = func.call();
  assert.equal(answer.text, "[1,2,3]");
  assert.deepEqual(answer.logs.map(({ text }) => text), ["Uncaught (in promise) 3"]);
});

Deno.test("what a microtask throws is logged", async () => {
  const func = await deploy(
    `export default () => { queueMicrotask(() => { throw new Error("micro") }); return new Response(""); };`,
  );
  assert.match(func.call().logs[0].text, /^Uncaught Error: micro/);
});

Deno.test("a cancellation aborts the signal of request and context, with a reason", async () => {
  const func = await deploy(`export default (req, ctx) => new Promise((_, reject) => {
    req.signal.addEventListener("abort", () => console.log("noticed", ctx.signal.aborted));
    ctx.signal.addEventListener("abort", () => reject(ctx.signal.reason));
  });`);
  const exchange = func.begin();
  exchange.step();
  exchange.send(frame(FrameType.CANCEL)).step();
  assert.deepEqual(exchange.answer.logs.map(({ text }) => text), ["noticed true"]);
  assert.equal(exchange.answer.exit?.code, ExitCode.EXCEPTION);
  assert.match(exchange.answer.exit.text, /^AbortError: The request was canceled/);
});

Deno.test("a signal that is first asked for after the cancellation is aborted", async () => {
  const func = await deploy(`export default async (req) => {
    await new Promise((resolve) => setTimeout(resolve, 100)); return new Response(String(req.signal.aborted));
  };`);
  const exchange = func.begin();
  exchange.step();
  exchange.send(frame(FrameType.CANCEL)).step();
  assert.equal(exchange.answer.exit, null, "it does not listen, so it waits");
  assert.equal(exchange.run().text, "true");
});

Deno.test("a cancellation cancels the stream that is being sent", async () => {
  const func = await deploy(`export default () => new Response(new ReadableStream({
    pull: () => new Promise(() => {}), cancel: (reason) => console.log("canceled", reason.name),
  }));`);
  const exchange = func.begin();
  exchange.step();
  exchange.send(frame(FrameType.CANCEL)).step();
  assert.deepEqual(exchange.answer.logs.map(({ text }) => text), ["canceled AbortError"]);
});

Deno.test("frames that make no sense are a fault", async () => {
  const func = await deploy(`export default () => new Promise(() => {});`);
  for (
    const wrong of [
      frame(FrameType.LOG),
      frame(77),
      frame(FrameType.CREDIT),
      frame(FrameType.HEAD),
      frame(FrameType.END),
    ]
  ) {
    const exchange = func.begin();
    exchange.step();
    assert.equal(exchange.send(wrong).step().state, 2, `a frame of type ${wrong.type}`);
  }
});
