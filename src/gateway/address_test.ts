import assert from "node:assert/strict";
import { MayflyError } from "../errors.ts";
import { Addresses } from "./address.ts";

const addresses = new Addresses(["localhost", "example.org"]);
const parse = (host: string | null, target: string) => addresses.parse(host, `http://${host}${target}`);

Deno.test("a plain path comes out as it went in", () => {
  for (const path of ["/", "/a", "/a/b.c/~d", "/@acme/score", "//x", "/a/"]) {
    assert.deepEqual(parse("h:1", path + "?q=/../x"), { host: "h:1", tenantHost: null, path, query: "?q=/../x" });
  }
});

Deno.test("dot segments are resolved once, however they are written", () => {
  for (const path of ["/a/../b", "/a/%2e%2e/b", "/a/.%2E/b", "/x/../../../b", "/./b", "/a\\..\\b"]) {
    assert.equal(parse("h", path).path, "/b", path);
  }
  assert.equal(parse("h", "/a/..b/.c").path, "/a/..b/.c");
});

Deno.test("a path that is no percent-encoded UTF-8 is a bad request", () => {
  for (const path of ["/%ff", "/%", "/%zz", "/a%00b"]) {
    assert.throws(() => parse("h", path), (error: MayflyError) => error.code === "bad_request", path);
  }
});

Deno.test("a host that is no host is a bad request", () => {
  for (
    const host of [
      null,
      "x/@acme/score?",
      "a b",
      "a@b",
      "a:b",
      "",
      "h:123456",
      "[zz]",
      "a,b",
      "a#b",
      "a:99999",
      "1.2.3.999",
      "[....]",
    ]
  ) {
    assert.throws(() => parse(host, "/"), (error: MayflyError) => error.code === "bad_request", String(host));
  }
});

Deno.test("a target that names another host than the Host header is a bad request", () => {
  assert.throws(() => addresses.parse("good", "http://evil/x"), MayflyError);
  assert.throws(() => addresses.parse("good", "http://goodevil/x"), MayflyError);
});

Deno.test("a label before one of the server's domains is a tenant", () => {
  assert.equal(parse("acme.localhost:8000", "/").tenantHost, "acme");
  assert.equal(parse("ACME.Example.org", "/").tenantHost, "acme");
  assert.equal(parse("a.b.localhost", "/").tenantHost, "a.b");
  assert.equal(parse("localhost:8000", "/").tenantHost, null);
  assert.equal(parse("127.0.0.1:8000", "/").tenantHost, null);
  assert.equal(parse("[::1]:8000", "/").tenantHost, null);
  assert.equal(parse("notlocalhost", "/").tenantHost, null);
});
