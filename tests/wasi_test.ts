import assert from "node:assert/strict";
import { expectAnswer, expectError, sharedServer, until, wire } from "./harness.ts";
import { wasiProgram } from "./harness/c_program.ts";

const program = await wasiProgram("functions/wasi/program.c");

const shared = sharedServer({
  files: {
    "cgi.wasm": program,
    "strict.wasm": program,
    "busy.wasm": program,
    "hasty.wasm": program,
    "at/[id].wasm": program,
    "below/[...rest].wasm": program,
    "folder/main.wasm": program,
    "folder/data.txt": "a function's own",
    "folder/sub/deep/more.txt": "and deeper",
    "folder/sub/two.txt": "2",
    "plain.ts": "export default () => new Response('hello');",
    "secret.txt": "not a function's",
    "mayfly.json": JSON.stringify({
      functions: {
        "*": { env: { GREETING: "hello", REQUEST_METHOD: "STOLEN" } },
        strict: { timeoutMs: 300, cpuMs: 300 },
        busy: { cpuMs: 100, timeoutMs: 5000 },
        hasty: { buildTimeoutMs: 1 },
      },
    }),
  },
});

const get = (query: string, init = {}) => shared.server.call(`/cgi${query === "" ? "" : `?${query}`}`, init);

Deno.test("a WASI command answers as a CGI program", async () => {
  expectAnswer(await get(""), { text: "hello", headers: { "content-type": "text/plain", "x-mayfly-start": "clone" } });
  const { kind } = await (await shared.server.admin.get("/functions/cgi")).json();
  assert.equal(kind, "wasi");
});

Deno.test("status and headers are the program's, repeated ones too", async () => {
  const answer = await get("full");
  expectAnswer(answer, { status: 201, text: "<b>", headers: { "content-type": "text/html", "x-one": "1, 2" } });
  assert.deepEqual(answer.headers.getSetCookie(), ["a=b", "c=d"]);
  expectAnswer(await get("redirect"), { status: 302, headers: { location: "/elsewhere" } });
  expectAnswer(await get("exit-0"), { text: "whole" });
});

Deno.test("a request is in the environment, with the function's own variables and none of the server's", async () => {
  const answer = await shared.server.call("/cgi?environment", {
    method: "PUT",
    headers: { "content-type": "a/b", "x-some": "ä", "x_some": "no", "proxy": "no", "x-request-id": "id-7" },
    body: "four",
  });
  const [name, ...lines] = new TextDecoder("latin1").decode(answer.bytes).trim().split("\n");
  assert.equal(name, "cgi.wasm");
  const variables = new Map<string, string>();
  for (const line of lines) {
    const at = line.indexOf("=");
    // The first of a name is what programs read.
    if (!variables.has(line.slice(0, at))) variables.set(line.slice(0, at), line.slice(at + 1));
  }
  const wanted = {
    GATEWAY_INTERFACE: "CGI/1.1",
    SERVER_PROTOCOL: "HTTP/1.1",
    REQUEST_METHOD: "PUT",
    SCRIPT_NAME: "/cgi",
    PATH_INFO: "",
    QUERY_STRING: "environment",
    REQUEST_URI: "/cgi?environment",
    CONTENT_TYPE: "a/b",
    CONTENT_LENGTH: "4",
    HTTP_X_REQUEST_ID: "id-7",
    HTTP_X_SOME: "ä",
    SERVER_NAME: "127.0.0.1",
    SERVER_PORT: new URL(shared.server.url).port,
    GREETING: "hello",
  };
  for (const [key, value] of Object.entries(wanted)) assert.equal(variables.get(key), value, key);
  for (const key of ["HTTP_PROXY", "PATH", "HOME", "HTTP_CONTENT_TYPE"]) {
    assert.equal(variables.get(key), undefined, key);
  }
});

Deno.test("parameters and the rest of a path are in the environment", async () => {
  const one = await shared.server.call("/at/7%20b?environment");
  assert.match(one.text, /^PARAM_id=7 b$/m);
  const rest = await shared.server.call("/below/a/b%20c?environment");
  assert.match(rest.text, /^SCRIPT_NAME=\/below$/m);
  assert.match(rest.text, /^PATH_INFO=\/a\/b c$/m);
  assert.match(rest.text, /^PARAM_rest=a\/b c$/m);
});

Deno.test("bodies stream through, each way", async () => {
  const body = new Uint8Array(10 * 1024 * 1024).map((_, at) => at * 7 + (at >> 8));
  const answer = await get("echo", { method: "POST", body });
  assert.deepEqual(
    new Uint8Array(await crypto.subtle.digest("SHA-256", answer.bytes)),
    new Uint8Array(await crypto.subtle.digest("SHA-256", body)),
  );
  expectAnswer(await get("count-input", { method: "POST", body: new Blob([body, body]).stream() }), {
    text: `${2 * body.length}`,
  });
  expectAnswer(await get("echo", { method: "POST", body: "" }), { text: "" });
});

Deno.test("what is written arrives while the program waits", async () => {
  const response = await fetch(`${shared.server.url}/cgi?tick`);
  const pieces = [];
  for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) pieces.push(piece);
  assert.equal(pieces.join(""), "tick 0\ntick 1\ntick 2\ntick 3\ntick 4\n");
  assert.ok(pieces.length > 1, "it came at once");
});

Deno.test("standard error goes to the log, line by line, up to a bound", async () => {
  const { server } = shared;
  expectAnswer(await get("log", { headers: { "x-request-id": "log-1" } }), { text: "" });
  const linesOf = async (id: string) =>
    (await server.admin.logs("cgi")).filter(({ requestId }) => requestId === id).map(({ text }) => text);
  await until("the lines are in the log", async () => (await linesOf("log-1")).length >= 3);
  assert.deepEqual((await linesOf("log-1")).slice(0, 3), ["first line", "second line", "no end"]);
  expectAnswer(await get("flood-log", { headers: { "x-request-id": "log-2" } }), { text: "done" });
  await until(
    "the last line is in the log",
    async () => (await linesOf("log-2")).some((text) => /^\d+ more lines were dropped$/.test(text)),
  );
});

Deno.test("each request has an instance, random bytes and a time of its own", async () => {
  const counts = await Promise.all(Array.from({ length: 40 }, () => get("count")));
  assert.deepEqual(new Set(counts.map(({ text }) => text)), new Set(["1"]));
  const random = await Promise.all(Array.from({ length: 40 }, () => get("random")));
  assert.equal(new Set(random.map(({ text }) => text)).size, 40);
  const { text } = await get("sleep");
  assert.match(text, /^slept \d+$/);
  assert.ok(Math.abs(Number(text.split(" ")[1]) - Date.now() / 1000) < 60);
});

Deno.test("a function in a folder reads its own files, as they were at deploy, and nothing else", async () => {
  const { server } = shared;
  const file = (path: string) => server.call(`/folder?file=${path}`).then(({ text }) => text);
  assert.equal(await file("data.txt"), "a function's own");
  assert.equal(await file("/data.txt"), "a function's own");
  assert.equal(await file("sub/../sub/./deep/more.txt"), "and deeper");
  const escapes = [
    ...["../secret.txt", "/../secret.txt", "sub/../../secret.txt", "/etc/passwd", "sub/deep/../../../cgi.wasm"],
    ...["/proc/self/environ", "..", ".../x", "../folder/data.txt", "//etc/passwd", "mayfly.json"],
  ];
  for (const path of escapes) {
    assert.match(
      await file(path),
      /: (No such file|Capabilities insufficient|Is a directory|Operation not permitted)/i,
      path,
    );
  }
  assert.match((await server.call("/cgi?file=data.txt")).text, /^data\.txt: /);
  const list = (path: string) => server.call(`/folder?list=${path}`).then(({ text }) => text.trim().split("\n").sort());
  assert.deepEqual(await list("."), ["../", "./", "data.txt", "main.wasm", "sub/"]);
  assert.deepEqual(await list("sub"), ["../", "./", "deep/", "two.txt"]);
  const changes = (await server.call("/folder?change")).text.trim().split("\n");
  assert.deepEqual(changes, ["write 1", "create 1", "truncate 1", "mkdir 1", "unlink 1", "rename 1", "symlink 1"]);
});

Deno.test("a file that changes is another version's", async () => {
  const { server } = shared;
  await server.drop({ "folder/sub/two.txt": "two" });
  await server.answers("/folder?file=sub/two.txt", ({ text }) => text === "two");
});

for (const query of ["nothing", "no-head", "half-head", "bad-status", "control", "flood-head"]) {
  Deno.test(`what is no CGI response is a bad one: ${query}`, async () => {
    expectError(await get(query), "bad_response");
  });
}

for (const query of ["exit-3", "abort", "recurse"]) {
  Deno.test(`a program that fails is a crash, whatever it had written: ${query}`, async () => {
    expectError(await get(query), "crash");
    expectAnswer(await get(""), { text: "hello" });
  });
}

Deno.test("a program that fails after its head was sent leaves a body that is not complete", async () => {
  const answer = await wire(shared.server, "/cgi?exit-3-late");
  assert.equal(answer.status, 200);
  assert.ok(!answer.complete);
});

Deno.test("memory ends at its limit, and a program that notices goes on", async () => {
  expectError(await get("memory"), "memory");
  expectAnswer(await get("catch-memory"), { text: "went on" });
});

for (const query of ["spin", "spin-in-calls"]) {
  Deno.test(`an endless loop ends at the deadline, and harms no neighbour: ${query}`, async () => {
    const { server } = shared;
    const loops = Array.from({ length: 8 }, () => server.call(`/strict?${query}`));
    const neighbours = await Promise.all(Array.from({ length: 20 }, () => server.call("/plain")));
    for (const answer of neighbours) expectAnswer(answer, { text: "hello" });
    for (const answer of await Promise.all(loops)) expectError(answer, "timeout");
  });
}

Deno.test("CPU time has a limit of its own, and waiting costs none of it", async () => {
  const [burnt, rested] = await Promise.all([shared.server.call("/busy?spin"), shared.server.call("/busy?tick")]);
  expectError(burnt, "cpu");
  expectAnswer(rested, { text: /tick 4\n$/ });
});

Deno.test("output without end is cut at the deadline", async () => {
  const answer = await wire(shared.server, "/strict?flood");
  assert.equal(answer.status, 200);
  assert.ok(!answer.complete);
});

Deno.test("a caller who leaves ends the program", async () => {
  const { server } = shared;
  const leave = new AbortController();
  const response = await fetch(`${server.url}/cgi?flood`, { signal: leave.signal });
  await response.body!.getReader().read();
  leave.abort();
  await until("no sandbox is left", async () => await server.admin.metric("mayfly_engine_wasi_sandboxes") === 0);
  expectAnswer(await get(""), { text: "hello" });
});

/** Modules as bytes: the header, then sections of (id, length, content). */
const REFUSED: Record<string, { bytes: Uint8Array; reason: RegExp }> = {
  garbage: { bytes: new TextEncoder().encode("no module at all"), reason: /it is no WebAssembly module/ },
  empty: { bytes: new Uint8Array(0), reason: /it is no WebAssembly module/ },
  "a component": { bytes: Uint8Array.of(0, 97, 115, 109, 13, 0, 1, 0), reason: /it is a component/ },
  "a module without _start": {
    bytes: Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0),
    reason: /exports no function _start/,
  },
  "a module that is cut off": { bytes: program.slice(0, 1000), reason: /Cannot run it: / },
  "an import of another host": {
    // (module (import "e" "f" (func)))
    bytes: Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 2, 7, 1, 1, 101, 1, 102, 0, 0),
    reason: /it imports e\.f, which is no function of wasi_snapshot_preview1/,
  },
};

for (const [what, { bytes, reason }] of Object.entries(REFUSED)) {
  Deno.test(`a module that cannot be run is refused at its deploy with the reason: ${what}`, async () => {
    const { server } = shared;
    await server.drop({ "refused.wasm": bytes });
    await until(
      "its build has failed with the reason",
      async () => reason.test((await server.admin.function("refused"))?.error ?? ""),
    );
    expectError(await server.call("/refused"), "not_deployed");
  });
}

Deno.test("compiling a module has the time that a build has", async () => {
  const { state, error } = (await shared.server.admin.function("hasty"))!;
  assert.equal(state, "failed");
  assert.match(error!, /Cannot compile the module: it takes longer than its buildTimeoutMs of 1$/);
});

Deno.test("after a restart modules are read as they were compiled, and damaged ones compiled again", async () => {
  const { server } = shared;
  await server.stop();
  for await (const path of files(server.data)) {
    if (!path.endsWith("/module.bin")) continue;
    const bytes = await Deno.readFile(path);
    bytes[bytes.length >> 1] ^= 1;
    await Deno.writeFile(path, bytes);
  }
  await server.up();
  expectAnswer(await get(""), { text: "hello" });
  expectAnswer(await server.call("/folder?file=data.txt"), { text: "a function's own" });
});

async function* files(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* files(`${folder}/${name}`);
    else yield `${folder}/${name}`;
  }
}
