import assert from "node:assert/strict";
import { expectAnswer, expectError, folderFiles, sharedServer, Wire, wire } from "./harness.ts";

const shared = sharedServer({ files: folderFiles("functions/http") });

const everyByte = new Uint8Array(256).map((_, at) => at);

Deno.test("every byte of a body comes back as it was", async () => {
  const answer = await shared.server.call("/echo", { method: "POST", body: everyByte });
  assert.deepEqual(answer.bytes, everyByte);
});

Deno.test("a body comes back whole at every size around the borders of frames and buffers", async () => {
  for (const size of [1, 65_535, 65_536, 65_537, 131_071, 131_072, 131_073, 1_000_000]) {
    const body = new Uint8Array(size).map((_, at) => at % 251);
    const answer = await shared.server.call("/echo", { method: "POST", body });
    assert.equal(answer.bytes.length, size);
    assert.ok(answer.bytes.every((byte, at) => byte === at % 251), `${size} bytes`);
  }
});

Deno.test("repeated headers reach the guest, and several set-cookie come out as several", async () => {
  const answer = await wire(shared.server, "/headers", { headers: ["x-a: 1", "x-a: 2", "X-B: upper"] });
  const seen = JSON.parse(answer.text) as [string, string][];
  const values = (name: string) => seen.filter(([key]) => key === name).map(([, value]) => value).join(", ");
  assert.equal(values("x-a"), "1, 2");
  assert.equal(values("x-b"), "upper");
  const cookies = answer.headers.filter(([name]) => name === "set-cookie").map(([, value]) => value);
  assert.deepEqual(cookies, ["a=1; Path=/", "b=2", "c=3; HttpOnly"]);
  const vary = answer.headers.filter(([name]) => name === "vary").map(([, value]) => value).join(", ");
  assert.match(vary, /accept.*origin/);
});

Deno.test("what is the server's to say cannot be forged by a guest", async () => {
  const answer = await wire(shared.server, "/headers");
  assert.ok(answer.complete);
  assert.ok(!answer.headers.some(([, value]) => value === "forged"));
});

for (
  const answer of [
    "status-1000",
    "status-99",
    "status-101",
    "status-text",
    "header-injection",
    "header-name-injection",
    "header-with-nul",
    "cookie-injection",
    "many-headers",
    "large-headers",
  ]
) {
  Deno.test(`an answer that no client could read is a bad response: ${answer}`, async () => {
    const got = await wire(shared.server, `/lambda?answer=${answer}`);
    assert.ok(!got.headers.some(([name, value]) => name === "set-cookie" || value.includes("stolen")));
    expectError(got, "bad_response");
  });
}

for (const value of ["nothing", "null", "number", "text", "object", "a resolved number"]) {
  Deno.test(`a handler that returns no response is a bad response: ${value}`, async () => {
    expectError(await shared.server.call(`/nonsense?value=${encodeURIComponent(value)}`), "bad_response");
  });
}

for (const how of ["error", "text", "null", "rejection", "getter"]) {
  Deno.test(`an exception is a 500 that shows nothing of it: ${how}`, async () => {
    const answer = await shared.server.call(`/throws?how=${encodeURIComponent(how)}`);
    expectError(answer, "exception");
    assert.doesNotMatch(answer.text, /secret|throws\.ts/);
  });
}

for (const how of ["status range", "header value"]) {
  Deno.test(`a response that cannot even be made is a bad response: ${how}`, async () => {
    expectError(await shared.server.call(`/throws?how=${encodeURIComponent(how)}`), "bad_response");
  });
}

Deno.test("the log holds an exception's stack, in the user's own file, and the request's id", async () => {
  const { server } = shared;
  const answer = await server.call("/throws?how=error", { headers: { "x-request-id": "stack-1" } });
  expectError(answer, "exception");
  const lines = (await server.admin.logs("throws")).filter(({ requestId }) => requestId === "stack-1");
  assert.match(lines.map(({ text }) => text).join("\n"), /secret in an error[\s\S]*throws\.ts:4:\d+/);
});

Deno.test("the log says what was thrown that is no error, and has no empty line for it", async () => {
  const { server } = shared;
  await server.call("/throws?how=text", { headers: { "x-request-id": "plain-1" } });
  const logged = (await server.admin.logs("throws")).filter(({ requestId }) => requestId === "plain-1");
  assert.match(logged[0].text, /\n.*secret.*$/);
});

Deno.test("a request id of the caller's is kept if it is well formed, else replaced", async () => {
  const { server } = shared;
  for (const id of ["a", "A-z_0.9", "x".repeat(64)]) {
    const answer = await server.call("/echo", { headers: { "x-request-id": id } });
    assert.equal(answer.headers.get("x-request-id"), id);
  }
  for (const id of ["", "x".repeat(65), "a b", "a/b", "<script>", "ü"]) {
    const answer = await wire(server, "/echo", { headers: [`x-request-id: ${id}`] });
    const given = answer.headers.find(([name]) => name === "x-request-id")?.[1] ?? "";
    assert.notEqual(given, id);
    assert.match(given, /^[A-Za-z0-9._-]{1,64}$/);
  }
});

Deno.test("each request without an id gets one of its own", async () => {
  const answers = await Promise.all(Array.from({ length: 50 }, () => shared.server.call("/echo")));
  assert.equal(new Set(answers.map(({ headers }) => headers.get("x-request-id"))).size, 50);
});

Deno.test("every answer tells its timing, and one of a sandbox how that began", async () => {
  const { server } = shared;
  const ran = await server.call("/echo");
  assert.match(ran.headers.get("server-timing") ?? "", /\bqueue;dur=.*\bclone;dur=.*\brun;dur=/);
  assert.match(ran.headers.get("x-mayfly-start") ?? "", /^(warm|clone|cold)$/);
  const missed = await server.call("/nothing");
  assert.ok(missed.headers.has("server-timing"));
  assert.ok(!missed.headers.has("x-mayfly-start"));
});

Deno.test("a request after another to the same function finds a warm sandbox", async () => {
  const { server } = shared;
  await server.call("/echo");
  const kinds = new Set<string | null>();
  for (let n = 0; n < 10; n++) kinds.add((await server.call("/echo")).headers.get("x-mayfly-start"));
  assert.ok(kinds.has("warm"), `${[...kinds]}`);
});

Deno.test("many requests come over one connection", async () => {
  using connection = await Wire.open(shared.server);
  for (let n = 0; n < 100; n++) {
    const body = `request ${n}`;
    await connection.request("POST", "/echo", [`content-length: ${body.length}`], body);
    assert.equal((await connection.answer()).text, body);
  }
});

Deno.test("requests sent ahead on one connection are answered in their order", async () => {
  using connection = await Wire.open(shared.server);
  for (const body of ["first", "other", "third"]) {
    await connection.request("POST", "/echo", ["content-length: 5"], body);
  }
  for (const body of ["first", "other", "third"]) assert.equal((await connection.answer()).text, body);
});

Deno.test("a connection goes on after an error", async () => {
  using connection = await Wire.open(shared.server);
  for (
    const [target, code] of [["/nothing", 404], ["/throws?how=error", 500], ["/nonsense?value=null", 502]] as const
  ) {
    await connection.request("GET", target);
    assert.equal((await connection.answer()).status, code);
  }
  await connection.request("GET", "/echo");
  assert.equal((await connection.answer()).status, 200);
});

Deno.test("a body that says it is too long is refused before it is sent", async () => {
  const answer = await wire(shared.server, "/small", { method: "POST", headers: ["content-length: 1048577"] });
  expectError(answer, "body_too_large");
});

Deno.test("a body that turns out too long is refused while it is sent", async () => {
  using connection = await Wire.open(shared.server);
  await connection.request("POST", "/small", ["transfer-encoding: chunked"]);
  const sent = (async () => {
    for (let n = 0; n < 40; n++) await connection.sendChunk(new Uint8Array(65_536));
    await connection.send("0\r\n\r\n");
  })();
  // The server may stop reading, and reset the connection, as soon as it has answered.
  sent.catch(() => {});
  expectError(await connection.answer("POST"), "body_too_large");
});

Deno.test("a body of exactly the limit is taken", async () => {
  const body = new Uint8Array(1 << 20);
  expectAnswer(await shared.server.call("/small", { method: "POST", body }), { headers: { "x-bytes": `${1 << 20}` } });
});

Deno.test("an answer over its limit never looks complete", async () => {
  const { server } = shared;
  assert.equal((await server.call("/small?answer=1048576")).bytes.length, 1 << 20);
  const streamed = await wire(server, "/small?stream&answer=1100000");
  assert.ok(!streamed.complete);
  const whole = await wire(server, "/small?answer=1100000");
  assert.ok(!whole.complete || whole.status >= 500, `${whole.status}`);
});

Deno.test("headers over their limit are refused", async () => {
  expectError(
    await wire(shared.server, "/echo", { headers: [`x-large: ${"v".repeat(40_000)}`] }),
    "headers_too_large",
  );
});

Deno.test("more or larger headers than Deno takes are refused without harm", async () => {
  const { server } = shared;
  const many = Array.from({ length: 2000 }, (_, at) => `x-${at}: v`);
  assert.ok([400, 431].includes((await wire(server, "/echo", { headers: many })).status));
  const large = [`x-large: ${"v".repeat(300_000)}`];
  assert.ok([400, 431].includes((await wire(server, "/echo", { headers: large })).status));
  expectAnswer(await server.call("/echo"), {});
});

Deno.test("a long query reaches the guest or is refused, never cut", async () => {
  const { server } = shared;
  expectAnswer(await server.call(`/echo?q=${"x".repeat(20_000)}`), {});
  const refused = await wire(server, `/echo?q=${"x".repeat(40_000)}`);
  assert.ok([400, 414, 431].includes(refused.status), `${refused.status}`);
});

Deno.test("an upgrade to WebSocket is not supported", async () => {
  const answer = await wire(shared.server, "/echo", {
    headers: [
      "connection: upgrade",
      "upgrade: websocket",
      "sec-websocket-version: 13",
      "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
    ],
  });
  expectError(answer, "unsupported");
});

Deno.test("an error of the server names the function, where there is one", async () => {
  const { server } = shared;
  const named = (await server.call("/throws?how=error")).json<{ error: { function: string } }>();
  assert.equal(named.error.function, "throws");
  const nameless = (await server.call("/nothing")).json<{ error: Record<string, unknown> }>();
  assert.ok(!("function" in nameless.error));
});

Deno.test("a target that is no plain path is refused or answered, and harms nobody", async () => {
  const { server } = shared;
  for (const target of ["*", "hello", "http://other.example/echo", "/echo#fragment", "?", "/ echo"]) {
    using connection = await Wire.open(server);
    await connection.request("GET", target, ["connection: close"]);
    const answer = await connection.answer();
    assert.ok(answer.status < 500, `${target}: ${answer.status}`);
  }
  expectAnswer(await server.call("/echo"), {});
});
