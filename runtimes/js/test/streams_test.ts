import { testExpressions, throws } from "./expressions.ts";

const HELPERS = `
  const collect = async (stream) => { const all = []; for await (const chunk of stream) all.push(chunk); return all; };
  const numbers = (n) => new ReadableStream({ start(c) { for (let i = 0; i < n; i++) c.enqueue(i); c.close(); } });
`;

testExpressions([
  [
    "a readable stream is read by a reader",
    `const r = numbers(2).getReader(); return [await r.read(), await r.read(), await r.read()]`,
    [{ value: 0, done: false }, { value: 1, done: false }, { done: true }],
  ],
  ["a readable stream is an async iterable", `await collect(numbers(3))`, [0, 1, 2]],
  ["ReadableStream.from takes iterables", `await collect(ReadableStream.from(["a", "b"]))`, ["a", "b"]],
  [
    "pull is called as chunks are wanted",
    `let n = 0; const s = new ReadableStream({ pull(c) { c.enqueue(n++); if (n === 3) c.close(); } }, { highWaterMark: 0 }); return [n, await collect(s), n]`,
    [0, [0, 1, 2], 3],
  ],
  [
    "cancel reaches the source",
    `let reason; const s = new ReadableStream({ cancel(r) { reason = r } }); await s.cancel("why"); return reason`,
    "why",
  ],
  [
    "an error reaches the reader",
    `new ReadableStream({ start(c) { c.error(new RangeError("x")) } }).getReader().read()`,
    throws("RangeError"),
  ],
  [
    "tee gives both branches all chunks",
    `const [a, b] = numbers(3).tee(); return [await collect(a), await collect(b)]`,
    [[0, 1, 2], [0, 1, 2]],
  ],
  [
    "pipeThrough transforms",
    `await collect(numbers(3).pipeThrough(new TransformStream({ transform(x, c) { c.enqueue(x * 2) }, flush(c) { c.enqueue("end") } })))`,
    [0, 2, 4, "end"],
  ],
  [
    "pipeTo writes all, then closes",
    `const seen = []; await numbers(3).pipeTo(new WritableStream({ write(x) { seen.push(x) }, close() { seen.push("closed") } })); return seen`,
    [0, 1, 2, "closed"],
  ],
  [
    "pipeTo can be aborted",
    `const c = new AbortController(); const p = new ReadableStream().pipeTo(new WritableStream(), { signal: c.signal }); c.abort(); return p`,
    throws("AbortError"),
  ],
  [
    "a writer knows about back-pressure",
    `const w = new WritableStream({ write: () => new Promise(() => {}) }, { highWaterMark: 2 }).getWriter(); const before = w.desiredSize; w.write(1); w.write(2); return [before, w.desiredSize]`,
    [2, 0],
  ],
  [
    "a byte stream fills the reader's buffer",
    `const s = new ReadableStream({ type: "bytes", pull(c) { c.enqueue(new Uint8Array([1, 2, 3])); } }); const r = s.getReader({ mode: "byob" }); const { value } = await r.read(new Uint8Array(2)); return [...value]`,
    [1, 2],
  ],
  [
    "a response's body can be read into a buffer",
    `const r = new Response("abc").body.getReader({ mode: "byob" }); const one = await r.read(new Uint8Array(8)); const two = await r.read(new Uint8Array(8)); return [[...one.value], two.done]`,
    [[97, 98, 99], true],
  ],
  [
    "a locked stream has no second reader",
    `const s = numbers(1); s.getReader(); return s.getReader()`,
    throws("TypeError"),
  ],
  [
    "queuing strategies count",
    `[new CountQueuingStrategy({ highWaterMark: 3 }).size(), new ByteLengthQueuingStrategy({ highWaterMark: 3 }).size(new Uint8Array(5))]`,
    [1, 5],
  ],
  ["a blob's stream gives its bytes", `(await collect(new Blob(["ab", "c"]).stream())).map((b) => [...b])`, [[
    97,
    98,
    99,
  ]]],
], HELPERS);
