import assert from "node:assert/strict";

const ROOT = new URL("../", import.meta.url);
const REFERENCE = /`([^`]+_test\.ts)` ([^|;]+)/g;

Deno.test("every test that the specification names exists", async () => {
  const text = await Deno.readTextFile(new URL("docs/SPECIFICATION.md", ROOT));
  const references = [...text.matchAll(REFERENCE)];
  assert.ok(references.length > 40);
  for (const [, file, name] of references) {
    const source = await Deno.readTextFile(new URL(file, new URL("tests/", ROOT)));
    const start = name.trim().replace(/…$/, "");
    assert.ok(source.includes(start), `${file} has no test "${name.trim()}"`);
  }
});
