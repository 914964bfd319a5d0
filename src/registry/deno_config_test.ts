import assert from "node:assert/strict";
import { parseDenoConfig } from "./deno_config.ts";

Deno.test("only what changes a build is taken, and comments are fine", () => {
  const config = parseDenoConfig(`{
    // Of other tools:
    "tasks": { "x": "rm" }, "workspace": ["../other"], "lock": "../lock", "nodeModulesDir": "auto",
    "compilerOptions": { "jsx": "react-jsx", "jsxImportSource": "hono/jsx", "strict": true, "paths": {} },
    "imports": { "a": "./a.ts" }, "scopes": { "./x/": { "b": "./b.ts" } },
  }`);
  assert.deepEqual(JSON.parse(JSON.stringify(config)), {
    importMap: { imports: { a: "./a.ts" }, scopes: { "./x/": { b: "./b.ts" } } },
    compilerOptions: { jsx: "react-jsx", jsxImportSource: "hono/jsx" },
  });
});

const refused: readonly [text: string, tells: RegExp][] = [
  ["{", /deno\.json:1:2: /],
  ["[]", /deno\.json:1:1: .*object/],
  ['{ "imports": [] }', /deno\.json:1:3: .*imports/],
  ['{\n "imports": { "a": 1 } }', /deno\.json:2:15: .*a: a text/],
  ['{ "scopes": { "x": { "b": {} } } }', /deno\.json:1:22: .*b: a text/],
  ['{ "importMap": "../map.json" }', /deno\.json:1:3: .*importMap/],
];

for (const [text, tells] of refused) {
  Deno.test(`a wrong deno.json is refused with its place: ${text}`, () => {
    assert.throws(() => parseDenoConfig(text), tells);
  });
}
