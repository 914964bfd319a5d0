import assert from "node:assert/strict";
import { safeJson, safeLines, safeText } from "./safe_text.ts";

/** All that commands a terminal or hides what is there, counted up one by one. */
const HOSTILE = [
  ...range(0x00, 0x1f),
  ...range(0x7f, 0x9f),
  0xad,
  0x61c,
  0x200b,
  0x200e,
  0x200f,
  ...range(0x2028, 0x202e),
  ...range(0x2060, 0x2069),
  0xfeff,
  0xd800,
  0xdfff,
  0xe0001,
  0xe0041,
];

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}

function hasHostile(text: string): boolean {
  return [...text].some((char) => HOSTILE.includes(char.codePointAt(0)!));
}

/** The same texts in every run: hostile characters among plain ones. */
function* hostileTexts(): Generator<string> {
  const plain = [..."a[31m;]0;é漢👩‍👩‍👧 "];
  let state = 1;
  const next = (below: number) => (state = (state * 48_271) % 0x7fffffff) % below;
  for (let n = 0; n < 2000; n++) {
    yield Array.from({ length: next(20) }, () => {
      const chars = next(2) === 0 ? plain : HOSTILE.map((code) => String.fromCodePoint(code));
      return chars[next(chars.length)];
    }).join("");
  }
}

Deno.test("each hostile character becomes a visible escape", () => {
  for (const code of HOSTILE) {
    const safe = safeText(`a${String.fromCodePoint(code)}b`);
    assert.match(safe, /^a\\[\\\w{}]+b$/, code.toString(16));
  }
});

Deno.test("no mixture of hostile characters comes through as text, as lines, or as JSON", () => {
  for (const text of hostileTexts()) {
    assert.ok(!hasHostile(safeText(text)), JSON.stringify(text));
    for (const line of safeLines(text)) assert.ok(!hasHostile(line), JSON.stringify(text));
    assert.ok(!hasHostile(safeJson({ [text]: [text] })), JSON.stringify(text));
  }
});

Deno.test("JSON gives the text back as it was", () => {
  for (const text of hostileTexts()) {
    assert.deepEqual(JSON.parse(safeJson({ text }, 2)), { text });
  }
});

Deno.test("plain text of any script stays as it is", () => {
  for (const text of ["hello", "größe", "漢字かな", "عربى", "नमस्ते", "👩‍👩‍👧", "a\\b", "~ {}[]"]) {
    assert.equal(safeText(text), text);
  }
});

Deno.test("escapes can be read", () => {
  assert.equal(safeText("a\x1b[2J\x9b\u202e\r\n\t\u{e0001}"), "a\\x1b[2J\\x9b\\u202e\\r\\n\\t\\u{e0001}");
});

Deno.test("a stack keeps its lines and its indentation", () => {
  assert.deepEqual(safeLines("Error: x\n\tat f\r\n    at g"), ["Error: x", "    at f", "    at g"]);
});
