import assert from "node:assert/strict";
import { expectAnswer, expectError, mayfly, type Server, sharedServer, until, wire } from "./harness.ts";
import { WITHOUT_KVM } from "./harness/vm.ts";

const SECRET = "not-for-anybody-else";
const OF_THE_SERVER = "of-the-server-alone";

/** Says what of it can be seen from inside. */
const SEEN = `
let requests = 0;
export default (req: Request, ctx: { function: unknown; env: Record<string, string>; mount: string }) =>
  Response.json({ requests: ++requests, url: new URL(req.url).pathname, env: ctx.env, function: ctx.function,
    server: (() => { try { return Deno.env.get("OF_THE_SERVER") ?? null } catch { return null } })() });
`;
const APP = `export default { fetch: (req: Request) => Response.json({
  path: new URL(req.url).pathname, prefix: req.headers.get("x-forwarded-prefix") }) };`;
const says = (text: string) => `export default () => new Response(${JSON.stringify(text)});\n`;

const shared = WITHOUT_KVM ? null : sharedServer({
  env: { OF_THE_SERVER },
  files: {
    "mayfly.json": JSON.stringify({
      tenants: {
        "*": { timeoutMs: 5000 },
        acme: { bodyMb: 1, concurrency: 2, memoryMb: 512 },
        small: { diskMb: 3 },
      },
    }),
    "hello.ts": says("home"),
    "isolated.ts": `export const config = { tier: "vm" };\n${SEEN}`,
    "sockets.ts": `import { createServer } from "node:net";\nexport default () => Response.json(typeof createServer);`,
    "@acme/score.ts": SEEN,
    "@acme/shop.ts": APP,
    "@acme/slow.ts": `export default async () => {
      await new Promise((resolve) => setTimeout(resolve, 60_000)); return new Response("late"); };`,
    "@acme/fails.ts": `export default () => { throw new Error("no luck"); };`,
    "@acme/mayfly.json": JSON.stringify({ env: { KEY: SECRET }, functions: { slow: { timeoutMs: 4000, queue: 0 } } }),
    "@other/score.ts": SEEN,
    "@other/index.ts": says("other's own"),
    "@small/large.ts": says("too large to keep"),
  },
});
const server = (): Server => shared!.server;

/** Left out with a reason, where there is no KVM. */
function testTenants(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: WITHOUT_KVM, fn });
}

const stateOf = async (name: string) => (await server().admin.function(name))!;

/** Drops a function, and returns why it was refused. */
async function refusal(name: string, files: Record<string, string>): Promise<string> {
  await server().drop(files);
  const { error } = await until(`${name} is refused`, async () => {
    const info = await server().admin.function(name);
    return info?.state === "failed" ? info : null;
  });
  return error!;
}

testTenants("a tenant's function answers below the tenant's path, and by the tenant's host", async () => {
  expectAnswer(await server().call("/@acme/score"), {
    part: {
      url: "/@acme/score",
      function: { name: "score", tenant: "acme", version: (await stateOf("@acme/score")).version },
    },
  });
  const byHost = await wire(server(), "/score", { headers: ["host: acme.localhost:1"] });
  assert.equal(JSON.parse(byHost.text).url, "/score");
  expectAnswer(await server().call("/@other"), { text: "other's own" });
  assert.equal((await wire(server(), "/", { headers: ["host: other.localhost"] })).text, "other's own");
});

testTenants("an app sees its URLs without what led to it, by path and by host alike", async () => {
  expectAnswer(await server().call("/@acme/shop/cart"), { json: { path: "/cart", prefix: "/@acme/shop" } });
  const byHost = await wire(server(), "/shop/cart", { headers: ["host: acme.localhost"] });
  assert.deepEqual(JSON.parse(byHost.text), { path: "/cart", prefix: "/shop" });
});

testTenants("a tenant's host leads to nobody else's functions, and not to the admin API", async () => {
  for (const path of ["/hello", "/@other/score", "/@acme/score", "/_mayfly/health", "/_mayfly/functions", "/_mayfly"]) {
    const { status } = await wire(server(), path, { headers: ["host: acme.localhost"] });
    assert.equal(status, 404, path);
  }
  for (const host of ["home.localhost", "nobody.localhost", "x.acme.localhost"]) {
    assert.equal((await wire(server(), "/hello", { headers: [`host: ${host}`] })).status, 404, host);
  }
  expectError(await server().call("/@home/hello"), "not_found");
});

testTenants("every request begins with the state that the function had when it was deployed", async () => {
  for (const path of ["/@acme/score", "/@other/score", "/isolated"]) {
    for (let times = 0; times < 5; times++) expectAnswer(await server().call(path), { part: { requests: 1 } });
  }
});

testTenants("a response tells how its sandbox came about", async () => {
  // A request that comes while the last VM is being reset gets another.
  const again = await server().answers("/@other/score", ({ headers }) => headers.get("x-mayfly-start") === "warm");
  assert.match(again.headers.get("server-timing")!, /\bqueue;dur=\d.*\bclone;dur=\d.*\brun;dur=\d/);
  expectAnswer(await server().call("/isolated"), { headers: { "x-mayfly-start": /^(warm|clone|cold)$/ } });
});

testTenants("a function sees its own environment, and nothing of the server's or of other tenants'", async () => {
  expectAnswer(await server().call("/@acme/score"), { part: { env: { KEY: SECRET }, server: null } });
  expectAnswer(await server().call("/@other/score"), { part: { env: {}, server: null } });
});

testTenants("values of an environment are in no list, description, log or error", async () => {
  expectError(await server().call("/@acme/fails"), "exception");
  const refused = await refusal("@acme/typo", { "@acme/typo.ts": "export default () => {" });
  const told = [refused, server().console, (await server().call("/@acme/fails")).text];
  for (
    const command of [["ls"], ["describe", "@acme/score"], ["versions", "@acme/score"], ["logs", "@acme/fails"], [
      "logs",
    ]]
  ) {
    for (const json of [[], ["--json"]]) {
      const { code, stdout, stderr } = await mayfly([...command, "--data", server().data, ...json]);
      assert.equal(code, 0, stderr);
      told.push(stdout, stderr);
    }
  }
  told.push(await (await server().admin.get("/metrics")).text());
  for (const text of told) assert.ok(!text.includes(SECRET) && !text.includes(OF_THE_SERVER));
  assert.ok(told.some((text) => text.includes("KEY")));
});

testTenants("what is kept of tenants may be read by the server's user alone", async () => {
  const open: string[] = [];
  const look = async (folder: string) => {
    for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
      const path = `${folder}/${name}`;
      if (isDirectory) await look(path);
      else if (isFile && ((await Deno.stat(path)).mode! & 0o077) !== 0) open.push(path);
    }
  };
  await look(server().data);
  assert.deepEqual(open, []);
  assert.equal((await Deno.stat(server().data)).mode! & 0o077, 0);
});

const BEYOND: [what: string, config: string, told: RegExp][] = [
  ["timeoutMs", "timeoutMs: 5001", /timeoutMs 5001: a whole number from 1 to 5000 is allowed/],
  ["bodyMb", "bodyMb: 2", /bodyMb 2: a number above 0, at most 1, is allowed/],
  ["memoryMb", "memoryMb: 513", /memoryMb 513: a whole number from 8 to 512 is allowed/],
  ["concurrency", "concurrency: 3", /concurrency 3: a whole number from 1 to 2 is allowed/],
  ["net", `net: ["127.0.0.1:22"]`, /net .*127\.0\.0\.1:22.* not public, and only what is public is allowed/],
  ["tier", `tier: "wasm"`, /tier "wasm": only functions outside of all @ folders may run in the Wasm tier/],
  ["an unknown key", "memory: 1", /memory 1: it is unknown; did you mean memoryMb\?/],
];

for (const [what, config, told] of BEYOND) {
  testTenants(
    `a setting beyond what the operator allows is refused by name, with the value and what is allowed: ${what}`,
    async () => {
      const name = `beyond_${what.replaceAll(" ", "_")}`;
      const source = `export const config = { ${config} };\n${says("x")}`;
      const error = await refusal(`@acme/${name}`, { [`@acme/${name}.ts`]: source });
      assert.match(error, told);
      assert.match(error, new RegExp(`${name}\\.ts:1:\\d+: `));
    },
  );
}

testTenants("a tenant's own mayfly.json goes no further than its code, and not to the server's settings", async () => {
  const before = await stateOf("@other/score");
  await server().drop({ "@other/mayfly.json": `{ "server": { "concurrency": 9 } }` });
  await until(
    "it is told",
    async () =>
      (await (await server().admin.get("/problems")).json() as string[]).some((problem) =>
        /^@other\/mayfly\.json:1:\d+: .*server .*unknown/.test(problem)
      ),
  );
  await server().drop({ "@other/mayfly.json": `{ "functions": { "score": { "timeoutMs": 60000 } } }` });
  await until(
    "it is told",
    async () =>
      (await (await server().admin.get("/problems")).json() as string[]).some((problem) =>
        /^@other\/mayfly\.json:1:\d+: .*timeoutMs 60000: .* 1 to 5000/.test(problem)
      ),
  );
  assert.equal((await stateOf("@other/score")).version, before.version);
  await server().drop({ "@other/mayfly.json": "{}" });
});

testTenants("a tenant runs no more requests at once than the operator allows, and others go on", async () => {
  const held = [1, 2].map(() => server().call("/@acme/slow"));
  await until("both run", async () => await server().admin.running() === 2);
  expectError(await server().call("/@acme/slow"), "concurrency");
  expectAnswer(await server().call("/@other"), { text: "other's own" });
  for (const answer of await Promise.all(held)) expectError(answer, "timeout");
});

testTenants("a version that does not fit a tenant's disk is refused with the sum", async () => {
  const { error } = await stateOf("@small/large");
  assert.match(error!, /the files and versions of @small would take \d+ MB together, and diskMb is 3/);
  expectError(await server().call("/@small/large"), "not_deployed");
});

testTenants("a function of the home tenant that Wasm cannot run is in a microVM, and its deploy says why", async () => {
  expectAnswer(await server().call("/sockets"), { json: "function" });
  const why = "vm: uses node:net, which the Wasm tier lacks";
  assert.ok(server().console.includes(why));
  assert.ok((await server().admin.logs("sockets")).some(({ text }) => text.includes(why)));
  const { stdout } = await mayfly(["describe", "sockets", "--data", server().data]);
  assert.match(stdout, /^tier +vm$/m);
  assert.match(stdout, /^language +js$/m);
  assert.match(stdout, /^why +uses node:net, which the Wasm tier lacks$/m);
});

testTenants("a function of the home tenant may ask for a microVM, and for Wasm again", async () => {
  const tierOf = async () => (await stateOf("moves") as { tier?: string }).tier;
  for (const tier of ["vm", "wasm", "vm"]) {
    await server().drop({ "moves.ts": `export const config = { tier: "${tier}" };\n${says(tier)}` });
    await server().answers("/moves", ({ text }) => text === tier);
    assert.equal(await tierOf(), tier);
  }
});

testTenants("a tenant goes with its folder", async () => {
  await server().drop({ "@gone/x.ts": says("here") });
  await server().answers("/@gone/x", ({ text }) => text === "here");
  await Deno.remove(`${server().functions}/@gone`, { recursive: true });
  await server().answers("/@gone/x", ({ status }) => status === 404);
  assert.equal(await server().admin.function("@gone/x"), undefined);
});
