import { testExpressions, throws } from "./expressions.ts";

const HELPERS = `
  const types = (body) => new Response(body).headers.get("content-type");
  const text = (bytes) => new TextDecoder().decode(bytes);
  const streamOf = (...pieces) => new ReadableStream({
    start(c) { for (const p of pieces) c.enqueue(new TextEncoder().encode(p)); c.close(); },
  });
`;

testExpressions([
  [
    "a response is 200 and ok by default",
    `const r = new Response(); return [r.status, r.ok, r.statusText, r.type, r.url, r.redirected, r.body, r.bodyUsed]`,
    [200, true, "", "default", "", false, null, false],
  ],
  [
    "a response takes status, text and headers",
    `const r = new Response("x", { status: 404, statusText: "Nope", headers: { a: "b" } }); return [r.status, r.ok, r.statusText, r.headers.get("a")]`,
    [404, false, "Nope", "b"],
  ],
  [
    "a body brings its content type",
    `[types("x"), types(new URLSearchParams("a=b")), types(new Blob(["x"], { type: "a/b" })), types(new Uint8Array(1)), types(null)]`,
    ["text/plain;charset=UTF-8", "application/x-www-form-urlencoded;charset=UTF-8", "a/b", null, null],
  ],
  [
    "a form's content type has its boundary",
    `/^multipart\\/form-data; boundary=\\S+$/.test(types(new FormData()))`,
    true,
  ],
  [
    "a content type that is given stays",
    `new Response("x", { headers: { "Content-Type": "a/b" } }).headers.get("content-type")`,
    "a/b",
  ],
  ["a status out of range is a RangeError", `new Response("", { status: 199 })`, throws("RangeError")],
  ["an invalid status text is a TypeError", `new Response("", { statusText: "a\\nb" })`, throws("TypeError")],
  ["a 204 has no body", `new Response("x", { status: 204 })`, throws("TypeError")],
  ["a 204 without body is fine", `new Response(null, { status: 204 }).status`, 204],
  ["options that are no object are a TypeError", `new Response("x", 7)`, throws("TypeError")],
  [
    "json sets body and type",
    `const r = Response.json({ a: [1] }, { status: 201 }); return [await r.text(), r.headers.get("content-type"), r.status]`,
    ['{"a":[1]}', "application/json", 201],
  ],
  [
    "json keeps a given type",
    `Response.json(1, { headers: { "content-type": "a/b" } }).headers.get("content-type")`,
    "a/b",
  ],
  ["json of undefined is a TypeError", `Response.json(undefined)`, throws("TypeError")],
  [
    "redirect has a location, and immutable headers",
    `const r = Response.redirect("http://a/b c", 301); return [r.status, r.headers.get("location")]`,
    [301, "http://a/b%20c"],
  ],
  ["a redirect's headers are immutable", `Response.redirect("http://a/").headers.set("a", "b")`, throws("TypeError")],
  ["redirect refuses other statuses", `Response.redirect("http://a", 200)`, throws("RangeError")],
  ["error is a network error", `const r = Response.error(); return [r.type, r.status, r.ok]`, ["error", 0, false]],
  [
    "a body is read once",
    `const r = new Response("x"); await r.text(); return [r.bodyUsed, await r.text().catch((e) => e.name)]`,
    [true, "TypeError"],
  ],
  ["no body may be read often", `const r = new Response(); return [await r.text(), await r.text(), r.bodyUsed]`, [
    "",
    "",
    false,
  ]],
  ["json reads JSON", `await new Response('{"a":1}').json()`, { a: 1 }],
  ["json rejects what is none", `new Response("{").json()`, throws("SyntaxError")],
  [
    "bytes and arrayBuffer give the bytes",
    `const b = await new Response("é").bytes(); const a = await new Response("é").arrayBuffer(); return [[...b], b instanceof Uint8Array, a.byteLength, a instanceof ArrayBuffer]`,
    [[195, 169], true, 2, true],
  ],
  [
    "bytes are a copy",
    `const source = new Uint8Array([1, 2]); const r = new Response(source); source[0] = 9; return [...await r.bytes()]`,
    [1, 2],
  ],
  [
    "a part of a buffer is only that part",
    `[...await new Response(new Uint8Array([1, 2, 3, 4]).subarray(1, 3)).bytes()]`,
    [2, 3],
  ],
  ["a DataView will do", `[...await new Response(new DataView(new Uint8Array([1, 2, 3]).buffer, 1)).bytes()]`, [2, 3]],
  [
    "blob has the content type",
    `const b = await new Response("x", { headers: { "content-type": "a/b" } }).blob(); return [b.type, b.size]`,
    ["a/b", 1],
  ],
  [
    "text drops a byte order mark, and replaces what is broken",
    `[await new Response(new Uint8Array([0xef, 0xbb, 0xbf, 0x61, 0xff])).text(), await new Response("\\ufeffb").text()]`,
    ["a\ufffd", "b"],
  ],
  ["a lone surrogate becomes U+FFFD", `await new Response("a\\ud800").text()`, "a\ufffd"],
  [
    "anything else is made a string",
    `await new Response({ toString: () => "made" }).text() + await new Response(7).text()`,
    "made7",
  ],
  ["a stream is a body", `await new Response(streamOf("a", "bc")).text()`, "abc"],
  ["a locked stream is no body", `const s = streamOf("a"); s.getReader(); return new Response(s)`, throws("TypeError")],
  [
    "body is a stream, always the same",
    `const r = new Response("abc"); const s = r.body; return [s instanceof ReadableStream, s === r.body, text((await s.getReader().read()).value), r.bodyUsed]`,
    [true, true, "abc", true],
  ],
  [
    "a locked body cannot be read",
    `const r = new Response("abc"); r.body.getReader(); return r.text()`,
    throws("TypeError"),
  ],
  [
    "clone has the same body",
    `const r = new Response("abc", { status: 201, headers: { a: "b" } }); const c = r.clone(); return [await r.text(), await c.text(), c.status, c.headers.get("a")]`,
    ["abc", "abc", 201, "b"],
  ],
  [
    "clone tees a stream",
    `const r = new Response(streamOf("a", "b")); const c = r.clone(); return [await c.text(), await r.text()]`,
    ["ab", "ab"],
  ],
  [
    "a used body cannot be cloned",
    `const r = new Response("x"); await r.text(); return r.clone()`,
    throws("TypeError"),
  ],
  ["formData reads an urlencoded body", `[...await new Response(new URLSearchParams("a=1&b=%26")).formData()]`, [[
    "a",
    "1",
  ], ["b", "&"]]],
  [
    "formData reads what FormData wrote",
    `const f = new FormData(); f.append("a", "1\\n2"); f.append("f", new File(["data\\r\\n--"], 'na"me.txt', { type: "text/x" })); const g = await new Response(f).formData(); const file = g.get("f"); return [g.get("a"), file.name, file.type, await file.text()]`,
    ["1\r\n2", 'na"me.txt', "text/x", "data\r\n--"],
  ],
  ["formData rejects another content type", `new Response("x").formData()`, throws("TypeError")],
  [
    "formData rejects a body that is cut off",
    `new Response("--b\\r\\ncontent-disposition: form-data; name=a\\r\\n\\r\\nx", { headers: { "content-type": "multipart/form-data; boundary=b" } }).formData()`,
    throws("TypeError"),
  ],
  [
    "formData reads a multipart body as browsers send it",
    `const b = '--x\\r\\nContent-Disposition: form-data; name="a"\\r\\n\\r\\n1\\r\\n--x\\r\\nContent-Disposition: form-data; name="f"; filename="t.txt"\\r\\nContent-Type: text/plain\\r\\n\\r\\nhi\\r\\n--x--\\r\\n'; const f = await new Response(b, { headers: { "content-type": 'multipart/form-data; boundary="x"' } }).formData(); return [f.get("a"), f.get("f").name, await f.get("f").text()]`,
    ["1", "t.txt", "hi"],
  ],

  [
    "a request has its defaults",
    `const r = new Request("http://a/b"); return [r.method, r.url, [...r.headers], r.body, r.redirect, r.credentials, r.mode, r.cache, r.signal.aborted]`,
    ["GET", "http://a/b", [], null, "follow", "same-origin", "cors", "default", false],
  ],
  ["a request's url is normalised", `new Request("HTTP://A.b:80/c/../d e").url`, "http://a.b/d%20e"],
  ["a request of no URL is a TypeError", `new Request("/a")`, throws("TypeError")],
  [
    "common methods are upper-cased, others stay",
    `["get", "Post", "patch", "CUSTOM"].map((method) => new Request("http://a", { method }).method)`,
    ["GET", "POST", "patch", "CUSTOM"],
  ],
  ["forbidden methods are a TypeError", `new Request("http://a", { method: "trace" })`, throws("TypeError")],
  ["an invalid method is a TypeError", `new Request("http://a", { method: "a b" })`, throws("TypeError")],
  ["a GET has no body", `new Request("http://a", { body: "x" })`, throws("TypeError")],
  [
    "a POST has its body and type",
    `const r = new Request("http://a", { method: "POST", body: "x" }); return [r.headers.get("content-type"), await r.text()]`,
    ["text/plain;charset=UTF-8", "x"],
  ],
  [
    "a stream as a body wants duplex",
    `new Request("http://a", { method: "POST", body: streamOf("x") })`,
    throws("TypeError"),
  ],
  [
    "a stream as a body with duplex",
    `await new Request("http://a", { method: "POST", body: streamOf("x", "y"), duplex: "half" }).text()`,
    "xy",
  ],
  [
    "a request of a request takes over what it does not change",
    `const a = new Request("http://a/", { method: "PUT", headers: { h: "1" }, body: "x" }); const b = new Request(a, { headers: { h: "2" } }); return [b.method, b.headers.get("h"), await b.text(), a.bodyUsed]`,
    ["PUT", "2", "x", true],
  ],
  [
    "a cloned request has the same body",
    `const a = new Request("http://a/", { method: "PUT", body: "x" }); const b = a.clone(); return [await a.text(), await b.text(), b.method]`,
    ["x", "x", "PUT"],
  ],
  [
    "a request follows its signal",
    `const c = new AbortController(); const r = new Request("http://a", { signal: c.signal }); c.abort("why"); return [r.signal.aborted, r.signal.reason]`,
    [true, "why"],
  ],
  ["methods want a Response", `Response.prototype.text.call(new Request("http://a"))`, throws("TypeError")],
  [
    "names and tags are as they should be",
    `[Response.name, Request.name, String(new Response()), String(new Request("http://a")), Response.prototype.constructor === Response]`,
    ["Response", "Request", "[object Response]", "[object Request]", true],
  ],
], HELPERS);
