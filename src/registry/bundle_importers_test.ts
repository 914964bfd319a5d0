import assert from "node:assert/strict";
import type { Metafile } from "esbuild";
import { importersOf } from "./bundle_importers.ts";

const inputs = (graph: Readonly<Record<string, readonly string[]>>): Metafile["inputs"] =>
  Object.fromEntries(
    Object.entries(graph).map(([path, targets]) => [
      path,
      { bytes: 1, imports: targets.map((path) => ({ path, kind: "import-statement" as const })) },
    ]),
  );

Deno.test("a package is the user's who imports it first, even through others", () => {
  const graph = {
    "a.ts": ["b.ts", "npm:@x/one@1.0.0/a.js", "ours"],
    "b.ts": ["npm:two@2.0.0/b.js"],
    "npm:@x/one@1.0.0/a.js": ["npm:@x/one@1.0.0/c.js"],
    "npm:@x/one@1.0.0/c.js": ["npm:three@3.0.0/d.js", "npm:@x/one@1.0.0/a.js", "not in the bundle"],
    "npm:two@2.0.0/b.js": [],
    "npm:three@3.0.0/d.js": ["npm:two@2.0.0/b.js"],
    "ours": ["npm:two@2.0.0/b.js"],
  };
  assert.deepEqual(importersOf({ inputs: inputs(graph) }, (path) => path === "ours" ? null : path), {
    "npm:@x/one@1.0.0": "a.ts",
    "npm:two@2.0.0": "b.ts",
    "npm:three@3.0.0": "a.ts",
  });
});
