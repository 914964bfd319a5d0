import assert from "node:assert/strict";
import { excerptOf } from "./excerpt.ts";

const TEXT = `first\n\tthrow new Error("x");\r\n${"x".repeat(1000)}\n`;

Deno.test("an excerpt is the line with a mark below the place", () => {
  assert.equal(
    excerptOf(TEXT, { file: "a.ts", line: 2, column: 8 }),
    `  2 | \tthrow new Error("x");\n    | \t      ^`,
  );
});

for (const [line, column, what] of [[9, 1, "line"], [1, 50, "column"], [3, 1, "short line"], [4, 1, "text"]] as const) {
  Deno.test(`there is no excerpt where there is no such ${what}`, () => {
    assert.equal(excerptOf(TEXT, { file: "a.ts", line, column }), null);
  });
}
