import assert from "node:assert/strict";
import { expectationsOf, surprises, tally } from "./expectations.ts";
import type { Outcomes, Results } from "./run_pages.ts";

const deno: Outcomes = new Map<string, Results | null>([
  ["url/a.js", { one: "pass", two: "pass", three: "fail: x" }],
  ["url/late.js", { one: "pass" }],
  ["url/late_in_deno.js", null],
  ["dom/none.js", { one: "fail: x" }],
]);
const mayfly: Outcomes = new Map<string, Results | null>([
  ["url/a.js", { one: "pass", two: "fail: y", three: "fail: y" }],
  ["url/late.js", null],
  ["url/late_in_deno.js", { one: "pass" }],
  ["dom/none.js", { one: "fail: y" }],
]);
const known = expectationsOf(deno, mayfly);

Deno.test("what fails is expected to, apart by whether Deno passes it", () => {
  assert.deepEqual(known, {
    denoPasses: { "url/a.js": ["two"] },
    denoFails: { "dom/none.js": ["*"], "url/a.js": ["three"] },
  });
  assert.deepEqual(surprises(mayfly, known), new Map());
});

Deno.test("a subtest that failed and was not known to is a surprise", () => {
  const worse: Outcomes = new Map<string, Results>([["url/a.js", { one: "fail: z", two: "fail: y" }], ["url/b.js", {
    one: "timeout: z",
  }]]);
  assert.deepEqual(surprises(worse, known), new Map([["url/a.js", ["one"]], ["url/b.js", ["one"]]]));
});

Deno.test("a page that did not finish is no surprise", () => {
  assert.deepEqual(surprises(new Map([["url/a.js", null]]), known), new Map());
});

Deno.test("only what finished in both is compared, and what is not there has not passed", () => {
  assert.deepEqual(tally("url", deno, mayfly), { deno: 2, mayfly: 1 });
  assert.deepEqual(tally("url", deno, new Map([["url/a.js", { one: "pass" }]])), { deno: 2, mayfly: 1 });
  assert.deepEqual(tally("dom", deno, mayfly), { deno: 0, mayfly: 0 });
});
