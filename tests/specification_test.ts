import assert from "node:assert/strict";

const TESTS = new URL("./", import.meta.url);
const REFERENCE = /`([^`]+_test\.ts)` ([^|;]+)/g;
/** What a test is called: a string or a template, where `Deno.test(` or a helper as `testCells(` begins, or behind `name:`. */
const NAMED = /\b(?:Deno\.test|test[A-Z]\w*)\(\s*(?:\{\s*name:\s*)?(?:"((?:[^"\\]|\\.)*)"|`([^`]*)`)/g;
/** A table of tests, by a helper as `testBesideDeno(cases)`: its tests' names are in its rows. */
const TABLE = /^\s*test[A-Z]\w*\(/gm;

/** The names of a file's tests, each with what is computed in it as `…`. */
function testsIn(source: string): string[] {
  const named = [...source.matchAll(NAMED)].map(([, text, template]) =>
    text === undefined ? template.replace(/\$\{[^}]*\}/g, "…") : JSON.parse(`"${text}"`)
  );
  const tables = [...source.matchAll(TABLE)].map(() => "…");
  return [...named, ...tables];
}

/** Whether a test is one of those that a reference stands for. */
function isMeant(test: string, reference: string): boolean {
  return reference.endsWith("…") ? test.startsWith(reference.slice(0, -1)) : test === reference;
}

Deno.test("every test that the specification names exists", async () => {
  const text = await Deno.readTextFile(new URL("../docs/SPECIFICATION.md", TESTS));
  const references = [...text.matchAll(REFERENCE)];
  assert.ok(references.length > 40);
  const missing: string[] = [];
  for (const [, file, name] of references) {
    const tests = testsIn(await Deno.readTextFile(new URL(file, TESTS)));
    if (!tests.some((test) => isMeant(test, name.trim()))) missing.push(`${file}: ${name.trim()}`);
  }
  assert.deepEqual(missing, []);
});
