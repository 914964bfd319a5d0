import assert from "node:assert/strict";
import { countOf, failuresIn, sum, textOf } from "./count.ts";

const count = (output: string, success: boolean) => countOf({ output, success });

Deno.test("a count is the runner's own", () => {
  assert.deepEqual(count("ok | 12 passed | 0 failed (3s)\n", true), { passed: 12, failed: 0, skipped: 0 });
  assert.deepEqual(count("\nFAILED | 1 passed (1 step) | 2 failed (1 step) | 1 ignored (1 step) (15ms)\n", false), {
    passed: 1,
    failed: 2,
    skipped: 1,
  });
});

Deno.test("colours do not hide the count", () => {
  assert.equal(count("\x1b[0m\x1b[32mok\x1b[0m | 3 passed | 0 failed \x1b[0m(1s)\n", true).passed, 3);
});

Deno.test("a summary that a test printed is not taken for the runner's", () => {
  assert.equal(count("ok | 99 passed | 0 failed\nFAILED | 1 passed | 1 failed (1s)\n", false).passed, 1);
});

Deno.test("a runner that crashed before its summary has failed", () => {
  assert.deepEqual(count("running 3 tests\none ... ok\n", false), { passed: 0, failed: 1, skipped: 0 });
  assert.equal(count("", true).failed, 1);
});

Deno.test("a runner that counted no failure but did not succeed has failed", () => {
  assert.equal(count("ok | 3 passed | 0 failed (1s)\n", false).failed, 1);
});

Deno.test("counts add up, and skips are told when there are some", () => {
  const one = { passed: 1, failed: 0, skipped: 0 };
  assert.equal(textOf(sum([one, one])), "2 passed, 0 failed");
  assert.equal(textOf(sum([one, { passed: 0, failed: 2, skipped: 3 }])), "1 passed, 2 failed, 3 skipped");
});

Deno.test("failures are found behind all that the tests printed, and the end of a run that did not get there", () => {
  const failures = failuresIn("one ... ok\n\x1b[1m ERRORS \x1b[0m\n\none => ./a_test.ts:1:6\nerror: it broke\n");
  assert.match(failures, /^\n ERRORS \n\none => \.\/a_test\.ts:1:6\nerror: it broke\n$/);
  assert.equal(failuresIn("running 3 tests\n"), "running 3 tests\n");
});
