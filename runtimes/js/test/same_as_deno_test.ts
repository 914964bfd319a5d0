/** Expressions that are worth the same in a sandbox and in plain Deno. */
import { testExpressions } from "./expressions.ts";

const HELPERS = `
  const bytes = (text) => new TextEncoder().encode(text);
  const through = async (data, stream) => new Uint8Array(await new Response(new Blob([data]).stream().pipeThrough(stream)).arrayBuffer());
  const back = async (format, data) => new TextDecoder().decode(await through(data, new DecompressionStream(format)));
  const hex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  const form = new FormData();
  form.append("a", new File(["x"], 'ü q.txt', { type: "text/x" }));
  const read = (how, blob, ...rest) => new Promise((resolve) => {
    const [reader, seen] = [new FileReader(), []];
    const note = (event) => seen.push(event.type, event.loaded, reader.readyState);
    for (const type of ["loadstart", "progress", "load", "abort"]) reader["on" + type] = note;
    reader.onloadend = () => resolve([seen, reader.result instanceof ArrayBuffer ? reader.result.byteLength : reader.result]);
    reader["readAs" + how](blob, ...rest);
  });
  const groups = (pattern, url) => new URLPattern(pattern).exec(url)?.pathname.groups ?? null;
`;

/** "hello hello hello", by zlib. */
const GZIP = "1f8b0800000000000003cb48cdc9c95728cf2fca4901000085114a0d000000";

const EXPRESSIONS = [
  ...["gzip", "deflate", "deflate-raw"].flatMap((format) => [
    `back("${format}", await through(bytes("hello ".repeat(10000)), new CompressionStream("${format}")))`,
    `back("${format}", new Uint8Array([...await through(bytes("hello"), new CompressionStream("${format}")), 0, 0]))`,
  ]),
  `back("gzip", new Uint8Array(0))`,
  `back("gzip", (await through(bytes("hello"), new CompressionStream("gzip"))).slice(0, -3))`,
  `back("gzip", hex("${GZIP}"))`,
  `back("gzip", bytes("no gzip at all"))`,
  `new CompressionStream("br")`,
  `typeof new CompressionStream("gzip").readable`,
  `groups({ pathname: "/books/:id" }, "http://a.test/books/12")`,
  `groups({ pathname: "/files/*" }, "http://a.test/files/a/b")`,
  `groups({ pathname: "/:a{/:b}?" }, "http://a.test/1")`,
  `groups({ pathname: "/:n(\\\\d+)" }, "http://a.test/x")`,
  `new URLPattern("https://*.example.com/:path*").test("https://a.example.com/x/y")`,
  `new URLPattern("/x", "http://a.test").hostname`,
  `new URLPattern({ pathname: "/(" })`,
  `new URLPattern({ search: "q=:q" }).exec("http://a.test/?q=1").search.groups`,
  `new Promise((resolve) => { const { port1, port2 } = new MessageChannel(); port2.onmessage = (e) => resolve(e.data); port1.postMessage({ a: [1, new Date(0)] }); })`,
  `((buffer) => ((copy) => [buffer.byteLength, copy.buffer.byteLength])(structuredClone({ buffer }, { transfer: [buffer] })))(new ArrayBuffer(8))`,
  `structuredClone(new RangeError("x", { cause: 1 })) instanceof RangeError`,
  `structuredClone(() => {})`,
  `((a) => ((b) => b[0] === b && b !== a)(structuredClone((a[0] = a, a))))([])`,
  `structuredClone(new Map([[1, new Set([2n])]])).get(1).has(2n)`,
  `Object.getOwnPropertyDescriptor(globalThis, "URLPattern").enumerable`,
  `AbortSignal.any([AbortSignal.abort("why")]).reason`,
  ...["ArrayBuffer", "BinaryString", "DataURL", "Text"].flatMap((how) => [
    `read("${how}", new Blob(["añb"], { type: "text/plain" }))`,
    `read("${how}", new Blob([]))`,
  ]),
  `read("Text", new Blob([new Uint8Array([0xe9])], { type: "text/plain;charset=latin1" }))`,
  `read("Text", new Blob([new Uint8Array([0xe9])]), "windows-1251")`,
  `read("Text", new Blob([new Uint8Array([0xff, 0xfe, 0x61, 0])]), "no such encoding")`,
  `new FileReader().readAsText("text")`,
  `((reader) => (reader.readAsText(new Blob(["a"])), reader.readAsText(new Blob(["b"]))))(new FileReader())`,
  `((reader) => (reader.readAsText(new Blob(["a"])), reader.abort(), [reader.readyState, reader.result]))(new FileReader())`,
  `((event) => [event.lengthComputable, event.loaded, event.total])(new ProgressEvent("x", { loaded: 1, total: 2 }))`,
  `new Blob(["a\\r\\nb"], { endings: "native" }).text()`,
  `new Blob([], { get endings() { throw new RangeError("first"); }, get type() { throw new TypeError("second"); } })`,
  `new Response("x").bytes().then((bytes) => [...bytes])`,
  `Array.fromAsync(ReadableStream.from([1, 2, 3]))`,
  `new Response(form).formData().then((f) => f.get("a")).then(async (file) => [file.name, file.type, await file.text()])`,
  `new Response("a=1&b=%20", { headers: { "content-type": "application/x-www-form-urlencoded" } }).formData().then((f) => [...f])`,
  `Response.redirect("http://a.test/x", 307).headers.get("location")`,
  `Response.redirect("http://a.test/x", 200)`,
  `Response.error().type`,
  `new Response(null, { status: 99 })`,
  `new Response("x", { status: 204 })`,
  `new Request("http://a.test/", { method: "GET", body: "x" })`,
  `new Headers({ "a b": "c" })`,
  `new Response(new Response("hello").body).text()`,
  `new Response(new Response("hello").body, { headers: { a: "b" } }).headers.has("content-type")`,
  `Object.getPrototypeOf(new Response("x").body) === ReadableStream.prototype`,
  `((a) => a.body === a.body && !a.bodyUsed && !a.body.locked)(new Response("x"))`,
  `new Response("x").body.cancel().then(() => "canceled")`,
  `((a) => a.body.cancel().then(() => a.text()))(new Response("x"))`,
  `Promise.all(new Response("x").body.tee().map((stream) => new Response(stream).text()))`,
  `((a) => (a.body.getReader(), new Response(a.body)))(new Response("x"))`,
  `((a) => (a.body, a.text().then(() => a.bodyUsed)))(new Response(new Uint8Array([104])))`,
  `((a) => (a.body, a.clone().text()))(new Response("hello"))`,
  `new DOMException("m", "AbortError").code`,
];

const settle = (run: () => unknown): Promise<unknown> =>
  Promise.resolve().then(run).then(
    (value) => value === undefined ? null : JSON.parse(JSON.stringify(value)),
    (error) => ({ thrown: error?.name ?? String(error) }),
  );

const own = (code: string): Promise<unknown> =>
  settle(() => (0, eval)(`(async () => { ${HELPERS} return (${code}); })()`));

testExpressions(
  await Promise.all(
    EXPRESSIONS.map(async (code) => [`as in Deno: ${code.slice(0, 100)}`, code, await own(code)] as const),
  )
    .then((all) => all.map(([name, code, value]) => [name, code, value])),
  HELPERS,
);
