import assert from "node:assert/strict";
import { type Answer, type Call, call, folderFiles, sharedServer } from "./harness.ts";

const FOLDER = new URL("./npm/functions", import.meta.url).pathname;
const files = folderFiles("npm/functions");
const shared = sharedServer({ files, env: { NODE_ENV: "production" } });

/** Plain Deno with the same files. */
class Reference implements AsyncDisposable {
  private constructor(readonly url: string, readonly process: Deno.ChildProcess) {}

  static async start(): Promise<Reference> {
    const program = new URL("./npm/reference.ts", import.meta.url).pathname;
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", "--no-check", `--config=${FOLDER}/deno.json`, "--frozen", program, FOLDER],
      env: { NODE_ENV: "production" },
      stdout: "piped",
    }).spawn();
    let port = "";
    for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
      port += text;
      if (port.includes("\n")) break;
    }
    return new Reference(`http://127.0.0.1:${port.trim()}`, process);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill();
    await this.process.status;
  }
}

let reference: Reference;
Deno.test.beforeAll(async () => {
  reference = await Reference.start();
});
Deno.test.afterAll(async () => {
  await reference?.[Symbol.asyncDispose]();
});

const json = (value: unknown): Call => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(value),
});

/** More calls than the one of each function's own path. */
const CALLS: Readonly<Record<string, readonly [path: string, init?: Call][]>> = {
  cookie: [["", { headers: { cookie: "a=b%20c; d=e" } }]],
  graphql: [["?query={user(id:2){friends{id}}}"], ["?query={nobody}"], ["?query={"]],
  hono: [
    ...["/text", "/json", "/pretty?pretty", "/etag/x", "/private/x", "/seen/x", "/api/users/7?a=1&t=x&t=y"].map(
      pathOnly,
    ),
    ...["/api/users/x", "/redirect", "/jsx", "/stream", "/stream-text", "/sse", "/files/a/b%20c", "/teapot"].map(
      pathOnly,
    ),
    ...["/broken", "/sub/x", "/nowhere", "/"].map(pathOnly),
    ["/api/users", json({ name: "Ada" })],
    ["/api/users", json({})],
    ["/api/users", { method: "OPTIONS", headers: { origin: "https://example.com" } }],
    ["/private/x", { headers: { authorization: `Basic ${btoa("ada:secret")}` } }],
    ["/cookies", { headers: { cookie: "x=y; z=%20" } }],
    ["/form", { method: "POST", body: new URLSearchParams({ a: "1 2", b: "ü" }) }],
    ["/many", { method: "PATCH" }],
    ["/text", { method: "HEAD" }],
  ],
  "itty-router": [["/hello/ada?a=1"], ["/error"], ["/nowhere"], ["/echo", json({ a: [1] })]],
  react: [["?static"], ["?stream"]],
  zod: [["", json({ name: "root", at: "x", mail: "no", address: { zip: "1", more: 1 } })]],
};

function pathOnly(path: string): [string] {
  return [path];
}

/** What differs from server to server, and from request to request. */
const OWN_HEADERS = [
  "connection",
  "date",
  "server-timing",
  "x-request-id",
  "x-mayfly-start",
  "vary",
  "content-length",
  "transfer-encoding",
];

function comparable({ status, headers, text, bytes }: Answer): unknown {
  const kept = [...headers].filter(([name]) => !OWN_HEADERS.includes(name));
  return { status, headers: Object.fromEntries(kept), text, bytes: bytes.length };
}

for (const name of Object.keys(files).flatMap((file) => /^(.+)\.tsx?$/.exec(file)?.[1] ?? [])) {
  Deno.test(`an npm package answers as in plain Deno, byte by byte: ${name}`, async (t) => {
    for (const [path, init] of [[""], ...CALLS[name] ?? []] as [string, Call?][]) {
      await t.step(`${init?.method ?? "GET"} /${name}${path}`, async () => {
        const [ours, theirs] = await Promise.all([
          call(shared.server, `/${name}${path}`, init),
          call(reference, `/${name}${path}`, init),
        ]);
        assert.notEqual(ours.status, 503, shared.server.console);
        assert.deepEqual(comparable(ours), comparable(theirs));
      });
    }
  });
}
