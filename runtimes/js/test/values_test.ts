import { testExpressions, throws } from "./expressions.ts";

testExpressions([
  [
    "a blob has size, type and text",
    `const b = new Blob(["aé", new Uint8Array([98]), new Blob(["c"])], { type: "Text/X" }); return [b.size, b.type, await b.text()]`,
    [5, "text/x", "aébc"],
  ],
  [
    "a blob is sliced, from both ends",
    `const b = new Blob(["abcdef"]); return [await b.slice(1, 3).text(), await b.slice(-2).text(), await b.slice(0, -4).text(), b.slice(4, 2).size, b.slice(0, 1, "a/b").type]`,
    ["bc", "ef", "ab", 0, "a/b"],
  ],
  ["a blob's parts are a sequence", `new Blob("abc")`, throws("TypeError")],
  [
    "a blob's bytes are a copy",
    `const source = new Uint8Array([1]); const b = new Blob([source]); source[0] = 2; const got = await b.bytes(); got[0] = 3; return [...await b.bytes()]`,
    [1],
  ],
  [
    "a file is a blob with a name",
    `const f = new File(["x"], "n.txt", { type: "a/b", lastModified: 7 }); return [f.name, f.lastModified, f.type, f.size, f instanceof Blob, String(f)]`,
    ["n.txt", 7, "a/b", 1, true, "[object File]"],
  ],
  [
    "a form keeps its entries in order",
    `const f = new FormData(); f.append("a", "1"); f.append("b", 2); f.append("a", "3"); return [[...f], f.get("a"), f.getAll("a"), f.has("c"), f.get("c")]`,
    [[["a", "1"], ["b", "2"], ["a", "3"]], "1", ["1", "3"], false, null],
  ],
  [
    "a form's set and delete",
    `const f = new FormData(); f.append("a", "1"); f.append("b", "2"); f.append("a", "3"); f.set("a", "4"); f.delete("b"); return [...f]`,
    [["a", "4"]],
  ],
  [
    "a form in a body keeps a byte order mark and a question mark, as the URL standard has it",
    `const type = { "content-type": "application/x-www-form-urlencoded" }; const read = async (bytes) => [...await new Response(bytes, { headers: type }).formData()]; return [await read(new Uint8Array([239, 187, 191, 97, 61, 98])), await read("?a=b")]`,
    [[["\ufeffa", "b"]], [["?a", "b"]]],
  ],
  [
    "a blob in a form becomes a file",
    `const f = new FormData(); f.set("a", new Blob(["x"])); f.set("b", new File(["y"], "b.txt"), "c.txt"); return [f.get("a").name, f.get("b").name, f.get("a") instanceof File]`,
    ["blob", "c.txt", true],
  ],

  [
    "structuredClone copies deeply",
    `const a = { d: new Date(7), r: /x/gi, m: new Map([[1, { x: 1 }]]), s: new Set([1]), b: new Uint8Array([1, 2]), n: null, u: undefined, f: 1.5, big: 10n }; const c = structuredClone(a); return [c !== a, c.d.getTime(), String(c.r), c.m.get(1).x, c.m.get(1) !== a.m.get(1), c.s.has(1), [...c.b], c.b.buffer !== a.b.buffer, c.n, "u" in c, String(c.big)]`,
    [true, 7, "/x/gi", 1, true, true, [1, 2], true, null, true, "10"],
  ],
  [
    "structuredClone keeps circles and shared values",
    `const a = { list: [] }; a.self = a; a.list.push(a.list); const c = structuredClone(a); return [c.self === c, c.list[0] === c.list]`,
    [true, true],
  ],
  ["structuredClone keeps holes and lengths", `const c = structuredClone([1, , 3]); return [c.length, 1 in c]`, [
    3,
    false,
  ]],
  [
    "structuredClone copies errors",
    `const c = structuredClone(new RangeError("x", { cause: 7 })); return [c.name, c.message, c.cause, c instanceof RangeError]`,
    ["RangeError", "x", 7, true],
  ],
  [
    "structuredClone drops prototypes and getters",
    `class A { constructor() { this.x = 1 } get y() { return 2 } } const c = structuredClone(new A()); return [c.constructor === Object, c.x, "y" in c]`,
    [true, 1, false],
  ],
  ["structuredClone refuses functions and symbols", `structuredClone({ f() {} })`, throws("DataCloneError")],
  ...[
    "URL('http://a/')",
    "URLSearchParams()",
    "Headers()",
    "Request('http://a/')",
    "ReadableStream()",
    "AbortController()",
  ]
    .map((made): [string, string, unknown] => [
      `structuredClone refuses a ${made.split("(")[0]}`,
      `structuredClone({ inner: new ${made} })`,
      throws("DataCloneError"),
    ]),
  ["structuredClone refuses promises", `structuredClone(Promise.resolve())`, throws("DataCloneError")],
  [
    "structuredClone transfers buffers",
    `const b = new Uint8Array([1, 2]).buffer; const c = structuredClone({ b }, { transfer: [b] }); return [b.byteLength, c.b.byteLength, b.detached]`,
    [0, 2, true],
  ],
  [
    "structuredClone transfers no buffer twice",
    `const b = new ArrayBuffer(1); return structuredClone(b, { transfer: [b, b] })`,
    throws("DataCloneError"),
  ],
  [
    "structuredClone copies a view of a shared buffer once",
    `const b = new ArrayBuffer(8); const c = structuredClone([new Uint8Array(b, 2, 3), new Uint16Array(b)]); return [c[0].buffer === c[1].buffer, c[0].byteOffset, c[0].length, c[1].length]`,
    [true, 2, 3, 4],
  ],

  [
    "getRandomValues fills and gives back its array",
    `const a = new Uint32Array(4); return [crypto.getRandomValues(a) === a, a.some((x) => x !== 0)]`,
    [true, true],
  ],
  ["getRandomValues has a quota", `crypto.getRandomValues(new Uint8Array(65537))`, throws("QuotaExceededError")],
  ["getRandomValues refuses floats", `crypto.getRandomValues(new Float32Array(1))`, throws("TypeMismatchError")],
  [
    "randomUUID is one of version 4",
    `/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID())`,
    true,
  ],
  [
    "performance.now grows",
    `const a = performance.now(); const b = performance.now(); return [b >= a, typeof performance.timeOrigin]`,
    [true, "number"],
  ],
  ["navigator says Mayfly", `navigator.userAgent`, "Mayfly"],
  ["self is the global", `self === globalThis`, true],
  [
    "queueMicrotask runs before timers",
    `const seen = []; setTimeout(() => seen.push("t"), 0); queueMicrotask(() => seen.push("m")); await new Promise((r) => setTimeout(r, 1)); return seen`,
    ["m", "t"],
  ],
  ["queueMicrotask wants a function", `queueMicrotask(1)`, throws("TypeError")],
  [
    "DOMException has name and code",
    `const e = new DOMException("m", "NotFoundError"); return [e.name, e.code, e.message, e instanceof Error]`,
    ["NotFoundError", 8, "m", true],
  ],
  [
    "an error's stack begins with its name and message",
    `const e = new TypeError("x"); return [e.stack.split("\\n")[0], /\\n {4}at .*test\\.js:\\d+:\\d+/.test(e.stack), e.stack.includes("mayfly.js")]`,
    ["TypeError: x", true, false],
  ],
  [
    "a subclass of Error has its own name in the stack",
    `class MyError extends Error { name = "MyError" } return new MyError("x").stack.split("\\n")[0]`,
    "MyError: x",
  ],
  ["captureStackTrace works", `const o = {}; Error.captureStackTrace(o); return typeof o.stack`, "string"],
]);
