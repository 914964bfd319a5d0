import assert from "node:assert/strict";
import type { HandlerKind } from "../types.ts";
import type { FunctionEntry } from "./function.ts";
import { routePattern } from "./route_pattern.ts";
import { RouteTable } from "./route.ts";

function entry(name: string, kind: HandlerKind = "handler"): FunctionEntry {
  return {
    id: { tenant: "home", name },
    file: `${name}.ts`,
    route: routePattern(name).text,
    state: "ready",
    active: { version: "v", kind, settings: {} as never, language: "js", why: null, snapshot: null },
    rolledBackFrom: null,
    unavailable: null,
    error: null,
  };
}

function table(names: readonly string[], apps: readonly string[] = []): RouteTable {
  const routes = new RouteTable();
  for (const name of names) assert.equal(routes.add(routePattern(name), entry(name)), null);
  for (const name of apps) assert.equal(routes.add(routePattern(name), entry(name, "fetch")), null);
  return routes;
}

const nameOf = (routes: RouteTable, path: string) => routes.match(path)?.entry.id.name ?? null;

const NAMES = [
  "index",
  "hello",
  "api/index",
  "api/users",
  "api/[id]",
  "api/[id]/posts",
  "api/[user]/[post]",
  "files/[...rest]",
  "files/readme",
  "deep/[a]/x/[...r]",
  "deep/b/[...r]",
  "with space",
  "per%cent",
  "日本語",
  "back\\slash",
];

const PATHS: readonly [path: string, name: string | null][] = [
  ["/", "index"],
  ["/hello", "hello"],
  ["/hello/", null],
  ["/Hello", null],
  ["/index", null],
  ["/api", "api/index"],
  ["/api/index", "api/[id]"],
  ["/api/users", "api/users"],
  ["/api/users/posts", "api/[id]/posts"],
  ["/api/7/posts", "api/[id]/posts"],
  ["/api/7/8", "api/[user]/[post]"],
  ["/api/", null],
  ["/api//8", null],
  ["/api/7/8/9", null],
  ["/files", null],
  ["/files/", "files/[...rest]"],
  ["/files/a/b", "files/[...rest]"],
  ["/files/readme", "files/readme"],
  ["/files/readme/x", "files/[...rest]"],
  ["/deep/b/x/y", "deep/b/[...r]"],
  ["/deep/c/x/y", "deep/[a]/x/[...r]"],
  ["/deep/c/y", null],
  ["/with%20space", "with space"],
  ["/per%25cent", "per%cent"],
  ["/%E6%97%A5%E6%9C%AC%E8%AA%9E", "日本語"],
  ["/back%5Cslash", "back\\slash"],
  ["/__proto__", null],
  ["/constructor", null],
];

for (const [path, name] of PATHS) {
  Deno.test(`${path} is answered by ${name ?? "nobody"}`, () => {
    assert.equal(nameOf(table(NAMES), path), name);
  });
}

Deno.test("parameters are decoded, the rest of a path as one text", () => {
  const routes = table(NAMES);
  assert.deepEqual({ ...routes.match("/api/a%2Fb%20c")!.params }, { id: "a/b c" });
  assert.deepEqual({ ...routes.match("/api/1/2")!.params }, { user: "1", post: "2" });
  assert.deepEqual({ ...routes.match("/files/a/b%20c/")!.params }, { rest: "a/b c/" });
  assert.equal(routes.match("/hello")!.params, null);
});

Deno.test("a parameter that is no text matches nothing", () => {
  assert.equal(nameOf(table(NAMES), "/api/%ff"), null);
});

Deno.test("a parameter may have any name", () => {
  const { params } = table(["[__proto__]"]).match("/x")!;
  assert.deepEqual(Object.entries(params!), [["__proto__", "x"]]);
});

Deno.test("an app owns what is below it and no more specific file takes", () => {
  const routes = table(["shop/admin", "shop/[...rest]/index".replace("/index", ""), "api/[id]"], [
    "api",
    "[tenant]/app",
  ]);
  assert.equal(nameOf(routes, "/shop/admin"), "shop/admin");
  assert.equal(nameOf(routes, "/api/1"), "api/[id]");
  assert.deepEqual([nameOf(routes, "/api/1/2"), routes.match("/api/1/2")!.mount], ["api", "/api"]);
  assert.equal(routes.match("/api/")!.mount, "/api");
  assert.equal(nameOf(routes, "/apis"), null);
  const { params, mount } = routes.match("/acme/app/a/b")!;
  assert.deepEqual([{ ...params }, mount], [{ tenant: "acme" }, "/acme/app"]);
});

Deno.test("an app at the root owns everything else, and has no mount path", () => {
  const routes = table(["hello"], ["index"]);
  assert.equal(nameOf(routes, "/hello"), "hello");
  for (const path of ["/", "/a", "/hello/x", "/a//b"]) {
    assert.deepEqual([nameOf(routes, path), routes.match(path)!.mount], ["index", ""]);
  }
});

function unbuilt(name: string): FunctionEntry {
  return { ...entry(name), state: "building", active: null };
}

Deno.test("what was not built yet owns what is below it and nobody else's", () => {
  const routes = table(["app/x/[id]"]);
  for (const name of ["app", "app/x"]) routes.add(routePattern(name), unbuilt(name));
  assert.equal(nameOf(routes, "/app"), "app");
  assert.equal(nameOf(routes, "/app/y/z"), "app");
  assert.equal(nameOf(routes, "/app/x/7"), "app/x/[id]");
  assert.deepEqual([nameOf(routes, "/app/x/7/8"), routes.match("/app/x/7/8")!.mount], ["app/x", "/app/x"]);
  assert.equal(nameOf(routes, "/apps"), null);
});

Deno.test("what was not built yet takes nothing from an app further up, but as a server", () => {
  const routes = table([], ["index"]);
  routes.add(routePattern("page"), unbuilt("page"));
  routes.add(routePattern("shop"), unbuilt("shop"), true);
  assert.equal(nameOf(routes, "/page/x"), "index");
  assert.equal(nameOf(routes, "/shop/x"), "shop");
  assert.equal(nameOf(routes, "/shop/"), "shop");
});

Deno.test("what was built and is no app owns its own path alone, whatever was thought before", () => {
  const routes = new RouteTable();
  const one = unbuilt("one");
  routes.add(routePattern("one"), one, true);
  assert.equal(nameOf(routes, "/one/x"), "one");
  one.active = entry("one").active;
  assert.equal(nameOf(routes, "/one/x"), null);
});

Deno.test("the second function of a route learns who has it, and gets it when that one leaves", () => {
  for (
    const [one, two] of [["api", "api/index"], ["a/[x]/b", "a/[y]/b"], ["[...x]", "[...y]"], ["index", "index/index"]]
  ) {
    const routes = new RouteTable();
    const first = entry(one);
    assert.equal(routes.add(routePattern(one), first), null);
    if (routePattern(one).shape !== routePattern(two).shape) continue;
    const second = entry(two);
    assert.equal(routes.add(routePattern(two), second), first);
    routes.remove(routePattern(two), second);
    assert.equal(nameOf(routes, "/api") ?? nameOf(routes, "/a/1/b") ?? nameOf(routes, "/x/y"), first.id.name);
    routes.remove(routePattern(one), first);
    assert.equal(routes.add(routePattern(two), second), null);
  }
});

Deno.test("a name that is no route is refused by what is wrong with it", () => {
  assert.throws(() => routePattern("[...a]/b"), /nothing can follow/);
  assert.throws(() => routePattern("a[id]"), /whole segment/);
  assert.throws(() => routePattern("[]"), /whole segment/);
  assert.throws(() => routePattern("[id]/[id]"), /two parameters called id/);
});

Deno.test("a table that was emptied keeps nothing", () => {
  const routes = new RouteTable();
  const entries = NAMES.map((name) => ({ pattern: routePattern(name), entry: entry(name) }));
  for (const { pattern, entry } of entries) routes.add(pattern, entry);
  for (const { pattern, entry } of entries) routes.remove(pattern, entry);
  for (const [path] of PATHS) assert.equal(routes.match(path), null);
});
