import assert from "node:assert/strict";
import { table } from "./table.ts";
import { colored, render, widthOf } from "./terminal.ts";

Deno.test("a span's text cannot bring colors of its own", () => {
  assert.equal(render([colored("red", "a\x1b[0mb")], true), "\x1b[31ma\\x1b[0mb\x1b[0m");
});

Deno.test("without colors nothing but the text is written", () => {
  assert.equal(render([colored("red", "a"), "b"], false), "ab");
});

for (
  const [text, width] of [["abc", 3], ["漢字", 4], ["é", 1], ["e\u0301", 1], ["👩‍👩‍👧", 2], ["한글", 4], [
    "\x1b",
    4,
  ]] as const
) {
  Deno.test(`${JSON.stringify(text)} takes ${width} cells`, () => assert.equal(widthOf(text), width));
}

Deno.test("columns are as wide as their widest cell is shown", () => {
  const lines = table(["A", "B"], [["漢字", "x"], ["a\n", colored("red", "y")]]).map((line) => render(line, false));
  assert.deepEqual(lines, ["A     B", "漢字  x", "a\\n   y"]);
});

Deno.test("one very long cell does not move the columns of the other rows", () => {
  const long = "x".repeat(500);
  const [, short, wide] = table(["A", "B"], [["a", "b"], [long, "b"]]).map((line) => render(line, false));
  assert.ok(short.length < 100);
  assert.equal(wide, `${long}  b`);
});
