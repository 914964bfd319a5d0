import assert from "node:assert/strict";
import {
  expectAnswer,
  type Expectation,
  expectError,
  type FolderFiles,
  headerOf,
  Server,
  sharedServer,
  until,
  Wire,
  wire,
} from "./harness.ts";

/** Answers its own name, and what it was given. */
const named = (name: string) => `
interface Context { params: Record<string, string>; mount: string }
export default (req: Request, ctx: Context) =>
  Response.json({ name: ${
  JSON.stringify(name)
}, params: ctx.params, mount: ctx.mount, url: new URL(req.url).pathname });
`;

const app = (name: string) => `
export default {
  fetch(req: Request, ctx: { mount: string }) {
    const { pathname, search } = new URL(req.url);
    const prefix = req.headers.get("x-forwarded-prefix");
    return Response.json({ name: ${JSON.stringify(name)}, mount: ctx.mount, prefix, url: pathname + search });
  },
};
`;

const files: FolderFiles = {
  "index.ts": named("index"),
  "hello.ts": named("hello"),
  "api/index.ts": named("api/index"),
  "api/users.ts": named("api/users"),
  "api/[id].ts": named("api/[id]"),
  "api/[id]/posts.ts": named("api/[id]/posts"),
  "api/[id]/[post].ts": named("api/[id]/[post]"),
  "files/[...rest].ts": named("files/[...rest]"),
  "files/readme.ts": named("files/readme"),
  "shop.ts": app("shop"),
  "shop/admin.ts": named("shop/admin"),
  "report/main.ts": `import { text } from "./lib.ts"; export default () => new Response(text);`,
  "report/lib.ts": `export const text = "of the folder";`,
  "served.ts": `Deno.serve((req) => new Response("served " + new URL(req.url).pathname));`,
  "only-get.ts": `export const config = { methods: ["GET"] }; ${named("only-get")}`,
  "options.ts": `export const config = { methods: ["POST", "OPTIONS"] }; export default () => new Response("own");`,
  "method.ts": "export default (req: Request) => new Response(req.method);",
  "_shared/util.ts": named("_shared/util"),
  ".hidden.ts": named(".hidden"),
  "types.d.ts": "export interface Nothing {}",
  "hello.test.ts": named("hello.test"),
  "node_modules/x/index.js": named("node_modules"),
  "notes.txt": "no function",
};

const shared = sharedServer({ files });

const is = (name: string, params?: Record<string, string>): Expectation => ({
  part: params ? { name, params } : { name },
});
const NOT_FOUND: Expectation = { code: "not_found" };
const BAD: Expectation = { code: "bad_request" };

const routes: readonly [path: string, expected: Expectation][] = [
  ["/", is("index")],
  ["/hello", is("hello")],
  ["/hello?x=1", is("hello")],
  ["/api", is("api/index")],
  ["/api/users", is("api/users")],
  ["/api/7", is("api/[id]", { id: "7" })],
  ["/api/a%20b", is("api/[id]", { id: "a b" })],
  ["/api/%E2%82%AC", is("api/[id]", { id: "€" })],
  ["/api/a%2Fb", is("api/[id]", { id: "a/b" })],
  ["/api/7/posts", is("api/[id]/posts", { id: "7" })],
  ["/api/7/8", is("api/[id]/[post]", { id: "7", post: "8" })],
  ["/api/7/8/9", NOT_FOUND],
  ["/files/a", is("files/[...rest]", { rest: "a" })],
  ["/files/a/b%20c/d", is("files/[...rest]", { rest: "a/b c/d" })],
  ["/files/readme", is("files/readme")],
  ["/files/readme/more", is("files/[...rest]", { rest: "readme/more" })],
  ["/report", { text: "of the folder" }],
  ["/report/lib", NOT_FOUND],
  ["/report/main", NOT_FOUND],
  ["/hello/more", NOT_FOUND],
  ["/nothing", NOT_FOUND],
  ["/Hello", NOT_FOUND],
  ["/hello.ts", NOT_FOUND],
  ["/_shared/util", NOT_FOUND],
  ["/.hidden", NOT_FOUND],
  ["/types.d", NOT_FOUND],
  ["/types", NOT_FOUND],
  ["/hello.test", NOT_FOUND],
  ["/node_modules/x", NOT_FOUND],
  ["/notes", NOT_FOUND],
  ["/api/[id]", is("api/[id]", { id: "[id]" })],
  ["/@nobody/hello", NOT_FOUND],
];

for (const [path, expected] of routes) {
  const found = expected.code ?? expected.part?.name ?? expected.text;
  Deno.test(`${path} is ${found}`, async () => {
    expectAnswer(await shared.server.call(path), expected);
  });
}

const targets: readonly [property: string, target: string, expected: Expectation][] = [
  ["dot segments are resolved", "/api/../hello", is("hello")],
  ["dot segments at the end are resolved", "/hello/x/..", NOT_FOUND],
  ["escaped dot segments are resolved the same way", "/api/%2e%2e/hello", is("hello")],
  ["dot segments do not climb above the root", "/../../../../hello", is("hello")],
  ["backslashes are slashes, as in a browser", "/api\\users", is("api/users")],
  ["an escaped slash is no separator", "/api%2Fusers", NOT_FOUND],
  ["a doubled slash is an empty segment", "//hello", NOT_FOUND],
  ["an empty parameter matches nothing", "/api/", { status: 404 }],
  ["a path that is no UTF-8 is refused", "/%ff", BAD],
  ["a path with half an escape is refused", "/api/%4", BAD],
  ["a path with a NUL is refused", "/api/%00", BAD],
  ["an escaped path is not decoded twice", "/api/%2566", is("api/[id]", { id: "%66" })],
  ["hidden parts of the folder stay hidden behind dot segments", "/api/../_shared/util", NOT_FOUND],
];

for (const [property, target, expected] of targets) {
  Deno.test(`${property}: ${target}`, async () => {
    expectAnswer(await wire(shared.server, target), expected);
  });
}

const hosts: readonly [host: string, expected: Expectation][] = [
  ["localhost", is("hello")],
  ["localhost:1", is("hello")],
  ["example.org", is("hello")],
  ["[::1]:8000", is("hello")],
  ["x/@acme/score?", BAD],
  ["user@host", BAD],
  ["a b", BAD],
  ["a:b", BAD],
  ["host#x", BAD],
  ["acme.localhost", NOT_FOUND],
];

for (const [host, expected] of hosts) {
  Deno.test(`Host ${host} gets ${expected.code ?? "the function"}`, async () => {
    const answer = await wire(shared.server, "/hello", { headers: [`host: ${host}`] });
    // Deno answers what is no HTTP by itself, without a body.
    if (expected === BAD && answer.text === "") assert.equal(answer.status, 400);
    else expectAnswer(answer, expected);
  });
}

Deno.test("an app owns its path and all below it, without its mount path, that no more specific file takes", async () => {
  const { server } = shared;
  expectAnswer(await server.call("/shop"), { json: { name: "shop", mount: "/shop", prefix: "/shop", url: "/" } });
  expectAnswer(await server.call("/shop/a/b?c=1"), {
    json: { name: "shop", mount: "/shop", prefix: "/shop", url: "/a/b?c=1" },
  });
  expectAnswer(await server.call("/shop/admin"), is("shop/admin"));
  expectAnswer(await server.call("/shop/admin/x"), {
    json: { name: "shop", mount: "/shop", prefix: "/shop", url: "/admin/x" },
  });
  expectAnswer(await server.call("/shopping"), NOT_FOUND);
});

Deno.test("Deno.serve makes an app", async () => {
  expectAnswer(await shared.server.call("/served/x"), { text: "served /x" });
});

Deno.test("a caller cannot choose x-forwarded-prefix", async () => {
  const answer = await shared.server.call("/shop/x", { headers: { "x-forwarded-prefix": "/evil" } });
  assert.equal(answer.json<{ prefix: string }>().prefix, "/shop");
});

Deno.test("a method that is not listed is refused with those that are", async () => {
  const { server } = shared;
  const refused = await server.call("/only-get", { method: "POST", body: "x" });
  expectError(refused, "method_not_allowed");
  assert.match(refused.headers.get("allow") ?? "", /\bGET\b/);
  expectAnswer(await server.call("/only-get"), is("only-get"));
});

for (const [method, target] of [["TRACE", "/hello"], ["TRACK", "/hello"], ["M".repeat(33), "/hello"]]) {
  Deno.test(`a method that is for no function is refused: ${method}`, async () => {
    const refused = await wire(shared.server, target, { method });
    expectError(refused, "method_not_allowed");
    assert.equal(headerOf(refused, "allow"), "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    assert.ok(!refused.text.includes("M".repeat(33)));
  });
}

Deno.test("a request to connect elsewhere is never passed on", async () => {
  using connection = await Wire.open(shared.server);
  await connection.request("CONNECT", connection.host);
  expectError(await connection.answer(), "bad_request");
});

Deno.test("a method of the caller's own is passed on as it is", async () => {
  for (const method of ["PROPFIND", "M-SEARCH", "purge", "M".repeat(32)]) {
    assert.equal((await wire(shared.server, "/method", { method })).text, method);
  }
});

Deno.test("HEAD follows GET, and has no body", async () => {
  expectAnswer(await shared.server.call("/only-get", { method: "HEAD" }), { text: "" });
});

Deno.test("OPTIONS is answered for a function that lists its methods without it", async () => {
  const { server } = shared;
  expectAnswer(await server.call("/only-get", { method: "OPTIONS" }), {
    status: 204,
    text: "",
    headers: { allow: /\bGET\b/ },
  });
  expectAnswer(await server.call("/options", { method: "OPTIONS" }), { text: "own" });
  expectAnswer(await server.call("/hello", { method: "OPTIONS" }), is("hello"));
});

Deno.test("of two files for one route the second is refused by the name of the first, and the first serves", async () => {
  await using server = await Server.start({ files: { "twin.ts": named("twin") } });
  await server.drop({ "twin/index.ts": named("twin/index"), "other/[a].ts": named("other/[a]") });
  await server.built(["twin/index", "other/[a]"]);
  const refused = await server.admin.function("twin/index");
  assert.equal(refused?.state, "failed");
  assert.match(refused?.error ?? "", /twin\.ts/);
  expectAnswer(await server.call("/twin"), is("twin"));

  await server.drop({ "other/[b].ts": named("other/[b]") });
  await server.built(["other/[b]"]);
  assert.match((await server.admin.function("other/[b]"))?.error ?? "", /\[a\]/);
  expectAnswer(await server.call("/other/1"), is("other/[a]"));

  await Deno.remove(`${server.functions}/twin.ts`);
  await server.answers("/twin", ({ text }) => text.includes("twin/index"));
});

/** As plain JavaScript. */
const plain = (name: string) => `export default () => Response.json({ name: ${JSON.stringify(name)} });\n`;

const twins: readonly (readonly [first: string, second: string])[] = [
  ["twin.ts", "twin.js"],
  ["twin.js", "twin.ts"],
  ["twin.ts", "twin/main.ts"],
  ["twin/main.ts", "twin.ts"],
];

for (const [first, second] of twins) {
  Deno.test(`of two files for one name the first serves, over a restart too, and the second is refused: ${first}, ${second}`, async () => {
    await using server = await Server.start({ files: { [first]: plain(first) } });
    await server.drop({ [second]: plain(second) });
    const refused = async () => {
      await server.built([second]);
      const info = await server.admin.function(second);
      assert.equal(info?.error, `Cannot deploy ${second}: the name twin is taken by ${first}`);
      expectAnswer(await server.call("/twin"), is(first));
      assert.equal((await server.admin.function("twin"))?.error, null);
    };
    await refused();
    assert.ok(server.console.includes(`Cannot deploy ${second}`), server.console);
    const logged = (await server.admin.logs(second)).map(({ text }) => text);
    assert.deepEqual(logged, [`Cannot deploy ${second}: the name twin is taken by ${first}`]);
    await server.stop();
    await server.up();
    await refused();

    await Deno.remove(`${server.functions}/${first}`);
    await server.answers("/twin", ({ text }) => text.includes(second));
    await until("nothing is refused", async () => await server.admin.function(second) === undefined);
  });
}

Deno.test("of two files for one name that come at once, one serves and the other is refused", async () => {
  await using server = await Server.start({ files: { "twin.ts": plain("ts"), "twin.js": plain("js") } });
  expectAnswer(await server.call("/twin"), is("js"));
  assert.match((await server.admin.function("twin.ts"))?.error ?? "", /taken by twin\.js/);
});

Deno.test("a browser that finds no function is told what to do, and shown nothing of what it asked as markup", async () => {
  const { server } = shared;
  const headers = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };
  const answer = await server.call("/nothing/%22%3Cscript%3E'<b>", { headers });
  expectAnswer(answer, { status: 404, text: /No function here/, headers: { "content-type": /^text\/html/ } });
  assert.doesNotMatch(answer.text, /<script|<b>|'</);
  assert.ok(answer.text.includes(answer.headers.get("x-request-id")!));
  for (const accept of ["*/*", "application/json"]) {
    expectError(await server.call("/nothing", { headers: { accept } }), "not_found");
  }
});

Deno.test("the admin API is on no tenant's address, and needs its token", async () => {
  const { server } = shared;
  expectError(await server.call("/_mayfly/functions"), "unauthorized");
  expectError(
    await server.call("/_mayfly/functions", { headers: { authorization: "Bearer wrong" } }),
    "unauthorized",
  );
  expectAnswer(await server.call("/_mayfly/health"), { status: 200 });
  expectAnswer(await server.call("/_mayfly/ready"), { status: 200 });
  expectError(await server.call("/_mayfly/metrics"), "unauthorized");
  const foreign = await server.admin.get("/functions", { headers: { origin: "http://evil.example" } });
  assert.equal(foreign.status, 403);
  await foreign.body?.cancel();
  const tenants = await wire(server, "/_mayfly/health", { headers: ["host: acme.localhost"] });
  assert.equal(tenants.status, 404);
});
