import assert from "node:assert/strict";
import { expectAnswer, expectError, sharedServer, until } from "./harness.ts";

/** Else what the Wasm tier lacks would take a function to the VM tier. */
const IN_WASM = `export const config = { tier: "wasm" };`;

const shared = sharedServer({
  files: {
    "report/main.ts": `
      const atDeploy = await Deno.readTextFile("data.csv");
      export default async (req: Request) => {
        const path = new URL(req.url).searchParams.get("path");
        if (path === null) return Response.json([atDeploy, import.meta.filename, Deno.cwd()]);
        try {
          return new Response(await Deno.readFile(path));
        } catch (error) {
          return new Response(error.name, { status: 404 });
        }
      };`,
    "report/data.csv": "a,b\n1,2\n",
    "report/sub/large.bin": Uint8Array.from({ length: 200_000 }, (_, i) => i % 251),
    "secret.txt": "not yours",
    "single.ts": `export default () => Deno.readTextFile("single.ts").catch((error) => new Response(error.name));`,
    "events.ts": `
      export default (req: Request) => {
        const lines = req.body!.pipeThrough(new TextDecoderStream());
        const events = lines.pipeThrough(new TransformStream({ transform: (line, out) => out.enqueue("data: " + line + "\\n\\n") }));
        return new Response(events.pipeThrough(new TextEncoderStream()), { headers: { "content-type": "text/event-stream" } });
      };`,
    "fails.ts": `
      async function inner() {
        await null;
        const many = new AggregateError([new TypeError("one"), new RangeError("two")], "many");
        throw new Error("outer", { cause: many });
      }
      export default async (req: Request) => {
        if (req.method === "GET") await inner();
        Promise.reject(new TypeError("nobody listens"));
        await new Promise((resolve) => setTimeout(resolve, 1));
        return new Response("all the same");
      };`,
    "refused/main.ts": `
      async function ask(what: string | null) {
        await null;
        if (what === "fetch") return await fetch("http://10.0.0.1/");
        if (what === "file") return await Deno.readTextFile("none.txt");
        const key = await crypto.subtle.importKey("raw", new Uint8Array(16), "AES-CBC", false, ["decrypt"]);
        return await crypto.subtle.decrypt({ name: "AES-CBC", iv: new Uint8Array(16) }, key, new Uint8Array(5));
      }
      export default async (req: Request) => new Response(\`\${await ask(new URL(req.url).searchParams.get("what"))}\`);`,
    "handler.ts": `export default () => new Response("handler");`,
    "app.ts": `class App { fetch() { return new Response("fetch") } } export default new App();`,
    "server.ts": `Deno.serve({ onListen() {} }, () => new Response("serve"));`,
    "aws.ts":
      `export const handler = async (event, context) => context.getRemainingTimeInMillis() > 0 ? "lambda" : "late";`,
    "needs_wasm.ts": `// two lines\nexport default () => WebAssembly.compile(new Uint8Array());\n${IN_WASM}`,
    "needs_net.ts": `import { connect } from "node:net";\nexport default () => connect(1);\n${IN_WASM}`,
    "needs_lib.ts": `import sharp from "npm:sharp@0.34.5";\nexport default () => sharp("x");\n${IN_WASM}`,
    "browser_lib.ts": `import htmx from "npm:htmx.org@2.0.11";\nexport default () => htmx;`,
    "at_init.ts": `const worker = (0, eval)("new Worker('x')");\nexport default () => worker;\n${IN_WASM}`,
  },
});

async function errorOf(name: string): Promise<string> {
  const info = (await shared.server.admin.functions()).find((one) => one.name === name);
  return info?.error ?? "";
}

Deno.test("a folder function reads its own files as they were at its deploy, and nothing else", async (t) => {
  const { server } = shared;
  const [atDeploy, filename, cwd] = (await server.call("/report")).json<string[]>();
  assert.deepEqual([atDeploy, filename, cwd], ["a,b\n1,2\n", "/report/main.ts", "/report"]);
  for (const path of ["data.csv", "./sub/../data.csv", "/report/data.csv"]) {
    expectAnswer(await server.call(`/report?path=${path}`), { text: "a,b\n1,2\n" });
  }
  const large = await server.call("/report?path=sub/large.bin");
  assert.deepEqual(large.bytes, Uint8Array.from({ length: 200_000 }, (_, i) => i % 251));
  const outside = ["../secret.txt", "/secret.txt", "/etc/hostname", "../report/../secret.txt", "..", "/report/..%2fx"];
  for (const path of outside) {
    await t.step(path, async () => {
      expectAnswer(await server.call(`/report?path=${encodeURIComponent(path)}`), { status: 404, text: /^Not/ });
    });
  }
  expectAnswer(await server.call("/report?path=none.txt"), { status: 404, text: "NotFound" });
  expectAnswer(await server.call("/single"), { text: "NotFound" });
});

Deno.test("an event is out before the next one is made", async () => {
  const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>>();
  const writer = writable.getWriter();
  const encoder = new TextEncoder();
  const response = fetch(`${shared.server.url}/events`, { method: "POST", body: readable });
  writer.write(encoder.encode("first"));
  const reader = (await response).body!.pipeThrough(new TextDecoderStream()).getReader();
  assert.equal((await reader.read()).value, "data: first\n\n");
  // Only now is there anything for a second one.
  writer.write(encoder.encode("second"));
  assert.equal((await reader.read()).value, "data: second\n\n");
  await writer.close();
  assert.equal((await reader.read()).done, true);
});

Deno.test("an upgrade to WebSocket is unsupported", async () => {
  const headers = { upgrade: "websocket", connection: "upgrade", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==" };
  const socket = await Deno.connect({ port: Number(new URL(shared.server.url).port) });
  const lines = Object.entries({ host: "localhost", "sec-websocket-version": "13", ...headers });
  const head = ["GET /handler HTTP/1.1", ...lines.map(([name, value]) => `${name}: ${value}`), "", ""].join("\r\n");
  await socket.write(new TextEncoder().encode(head));
  const buffer = new Uint8Array(4096);
  const text = new TextDecoder().decode(buffer.subarray(0, await socket.read(buffer) ?? 0));
  socket.close();
  assert.match(text, /^HTTP\/1\.1 501 /);
  assert.match(text, /"code":"unsupported"/);
});

Deno.test("the log has causes and members of errors, and rejections that nobody handled, in the user's file", async () => {
  const { server } = shared;
  expectError(await server.call("/fails"), "exception");
  expectAnswer(await server.call("/fails", { method: "POST" }), { text: "all the same" });
  const text = await until("both are logged", async () => {
    const lines = (await server.admin.logs("fails")).map((line) => JSON.stringify(line)).join("\n");
    return lines.includes("outer") && lines.includes("nobody listens") && lines;
  });
  for (const part of ["fails.ts:5:", "Caused by: AggregateError: many", "[0] TypeError: one", "[1] RangeError: two"]) {
    assert.ok(text.includes(part), `${part} in ${text}`);
  }
  assert.match(text, /Uncaught \(in promise\) TypeError: nobody listens[^"]*fails\.ts:9:/);
});

for (
  const [what, error, line] of [
    ["fetch", /^TypeError: Cannot fetch http:\/\/10\.0\.0\.1\/: /m, 4],
    ["file", /^NotFound: Cannot read 'none\.txt': /m, 5],
    ["crypto", /^OperationError: /m, 7],
  ] as const
) {
  Deno.test(`what the host refuses has a stack in the user's file: ${what}`, async () => {
    const { server } = shared;
    const requestId = `refused-${what}`;
    expectError(await server.call(`/refused?what=${what}`, { headers: { "x-request-id": requestId } }), "exception");
    const { text } = await until("it is logged", async () => {
      return (await server.admin.logs("refused")).find((line) => line.requestId === requestId);
    });
    assert.match(text, error);
    assert.match(text, new RegExp(`^ {4}at ask \\(refused/main\\.ts:${line}:\\d+\\)$`, "m"));
    assert.ok(!text.includes("Caused by"), text);
  });
}

for (const [name, kind] of [["handler", "handler"], ["app", "fetch"], ["server", "serve"], ["aws", "lambda"]]) {
  Deno.test(`a handler's kind is found and named: ${kind}`, async () => {
    expectAnswer(await shared.server.call(`/${name}`), { text: kind });
    const info = (await shared.server.admin.functions()).find((one) => one.name === name);
    assert.equal((info as { kind?: string }).kind, kind);
  });
}

const REFUSED: [name: string, why: RegExp][] = [
  ["needs_wasm", /^needs_wasm\.ts:2:22: .*WebAssembly needs the VM tier: /],
  ["needs_net", /^needs_net\.ts:1:25: .*node:net needs the VM tier: a sandbox has no sockets/],
  [
    "needs_lib",
    /^needs_lib\.ts:1:\d+: .*node:child_process needs the VM tier: a sandbox starts no processes/,
  ],
  [
    "browser_lib",
    /^npm:htmx\.org@2\.0\.11\/.*: ReferenceError: location is not defined \(browser_lib\.ts imports the package\)$/,
  ],
  ["at_init", /Worker is not defined; Worker needs the VM tier: a sandbox has one thread/],
];

for (const [name, why] of REFUSED) {
  Deno.test(`a function that the Wasm tier cannot run is refused with the reason: ${name}`, async () => {
    assert.match(await errorOf(name), why);
    expectError(await shared.server.call(`/${name}`), "not_deployed");
  });
}
