import assert from "node:assert/strict";
import { type ImportMapJson, npmSubpath, resolveImport } from "./import_map.ts";

const map: ImportMapJson = {
  imports: {
    "hono": "npm:hono@4",
    "lib": "./_lib/one.ts",
    "@/": "./src/",
    "@/deep/": "./deep/",
    "up/": "../",
    "remote": "https://host.example/x.ts",
    "abs": "/etc/passwd",
    "./old.ts": "./new.ts",
    "fs": "node:fs",
  },
  scopes: { "./special/": { "lib": "./_lib/two.ts" } },
};

const EMPTY: ImportMapJson = { imports: {}, scopes: {} };

const resolved: readonly [specifier: string, importer: string, target: string][] = [
  ["./x.ts", "api/a.ts", "local api/x.ts"],
  ["../_shared/x.ts", "api/a.ts", "local _shared/x.ts"],
  ["lib", "a.ts", "local _lib/one.ts"],
  ["lib", "special/a.ts", "local _lib/two.ts"],
  ["@/x.ts", "a/b/c.ts", "local src/x.ts"],
  ["@/deep/x.ts", "a.ts", "local deep/x.ts"],
  ["./old.ts", "a.ts", "local new.ts"],
  ["../old.ts", "api/a.ts", "local new.ts"],
  ["hono", "a.ts", "npm npm:hono@4"],
  ["hono/jsx", "a.ts", "npm npm:hono@4/jsx"],
  ["npm:/zod@4/mini", "a.ts", "npm npm:zod@4/mini"],
  ["npm:@scope/name@^1.2.0 || 2/x/y.js", "a.ts", "npm npm:@scope/name@^1.2.0 || 2/x/y.js"],
  ["npm:ms", "a.ts", "npm npm:ms"],
  ["fs", "a.ts", "builtin node:fs"],
  ["node:crypto", "a.ts", "builtin node:crypto"],
  ["data:text/javascript,export default 1", "a.ts", "data"],
];

for (const [specifier, importer, target] of resolved) {
  Deno.test(`${specifier} in ${importer} is ${target}`, () => {
    assert.equal(Object.values(resolveImport(map, specifier, importer)).join(" "), target);
  });
}

Deno.test("an import from elsewhere is told what to do instead", () => {
  const reason = (specifier: string) => {
    const target = resolveImport({ imports: {}, scopes: {} }, specifier, "f.ts");
    return target.kind === "refused" ? target.reason : "";
  };
  assert.match(reason("jsr:@std/path"), /npm/);
  assert.match(reason("https://host.example/x.ts"), /import the package as npm:.*copy the file/);
});

const refused = [
  "../secret.json",
  "./a/../../secret.json",
  "./../..//secret.json",
  "..//etc/passwd",
  "/etc/passwd",
  "//host.example/x.ts",
  "file:///etc/passwd",
  "FILE:///etc/passwd",
  "http://host.example/x.ts",
  "https://host.example/x.ts",
  "jsr:@std/path",
  "blob:x",
  "npm:x@http://host.example/x.tgz",
  "npm:x@file:../../x",
  "npm:x@git+ssh://host.example/x",
  "npm:../x",
  "npm:x/../../y",
  "npm:x@workspace:*",
  "up/secret.json",
  "remote",
  "abs",
  "@/../../secret.json",
  "unmapped",
];

for (const specifier of refused) {
  Deno.test(`${specifier} is refused by name`, () => {
    const target = resolveImport(map, specifier, "a.ts");
    assert.equal(target.kind, "refused");
    assert.ok(target.kind === "refused" && target.reason.includes(specifier));
  });
}

Deno.test("names of Object.prototype are not mapped", () => {
  assert.equal(resolveImport(EMPTY, "constructor", "a.ts").kind, "refused");
  assert.equal(resolveImport(EMPTY, "__proto__", "a.ts").kind, "refused");
});

Deno.test("the path in a package is told apart from its name and version", () => {
  assert.equal(npmSubpath("npm:@scope/name@1/x/y.js"), "./x/y.js");
  assert.equal(npmSubpath("npm:name@^1"), ".");
});
