import assert from "node:assert/strict";
import { join } from "node:path";
import { transform } from "esbuild";
import { SourceMaps } from "./source_map.ts";

/** A version's folder with the map of a small TypeScript file. */
async function version(file = "api/a.ts"): Promise<{ folder: string } & AsyncDisposable> {
  const folder = await Deno.makeTempDir({ prefix: "mayfly-map-" });
  const source = `interface Gone { x: 1 }\n\nfunction boom(): never {\n  throw new Error("x");\n}\nboom();\n`;
  const { map } = await transform(source, { loader: "ts", sourcemap: "external", sourcefile: file });
  await Deno.writeTextFile(join(folder, "bundle.js.map"), map);
  return { folder, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}

const STACK = "Error: x\n    at boom (bundle.js:2:9)\n    at <anonymous> (bundle.js:4:1)\n    at other (lib.js:1:1)";

Deno.test({
  name: "a stack names the user's file",
  // esbuild is a process of its own, for which nobody waits.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    await using made = await version();
    const maps = new SourceMaps();
    assert.equal(
      await maps.textOf(made.folder, STACK),
      "Error: x\n    at boom (api/a.ts:4:9)\n    at <anonymous> (api/a.ts:6:1)\n    at other (lib.js:1:1)",
    );
    assert.deepEqual(await maps.placeOf(made.folder, STACK), { file: "api/a.ts", line: 4, column: 9 });
  },
});

Deno.test({
  name: "a default export without a name is called so",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    await using made = await version();
    const stack = "at a_default (bundle.js:2:9)\nat a_default2 (bundle.js:2:9)\nat b_default (bundle.js:2:9)";
    assert.equal(
      await new SourceMaps().textOf(made.folder, stack),
      "at default (api/a.ts:4:9)\nat default (api/a.ts:4:9)\nat b_default (api/a.ts:4:9)",
    );
    await using other = await version("[a]-[...b].ts");
    assert.equal(
      await new SourceMaps().textOf(other.folder, "at a_b_default (bundle.js:2:9)"),
      "at default ([a]-[...b].ts:4:9)",
    );
  },
});

Deno.test("what the map does not know stays as it is", async () => {
  const maps = new SourceMaps();
  assert.equal(await maps.textOf("nowhere", STACK), STACK);
  assert.equal(await maps.placeOf("nowhere", STACK), null);
  assert.equal(await maps.placeOf("nowhere", "no place"), null);
});
