import assert from "node:assert/strict";
import { UsageError } from "./usage_error.ts";
import { engineOptions } from "./vm_options.ts";

for (const [text, megabytes] of [["64", "64"], ["64M", "64"], ["64MB", "64"], ["1G", "1024"], ["2gib", "2048"]]) {
  Deno.test(`memory of ${text} is so many megabytes`, () => {
    assert.deepEqual(engineOptions({ memory: text }), ["--memory", megabytes]);
  });
}

for (const text of ["0", "64K", "33G", "1e3", "-1", "", "G", "99999999999"]) {
  Deno.test(`memory of ${text} is refused with the range`, () => {
    assert.throws(() => engineOptions({ memory: text }), (error) => {
      return error instanceof UsageError && /1 to 32768/.test(error.hint);
    });
  });
}

for (const text of ["0", "1e3", "1.5", "4294967296"]) {
  Deno.test(`a deadline of ${text} is refused with the range`, () => {
    assert.throws(() => engineOptions({ "deadline-ms": text }), (error) => {
      return error instanceof UsageError && /1 to 4294967295/.test(error.hint);
    });
  });
}

Deno.test("options are handed on by their names, each as often as it was given", () => {
  const options = engineOptions({ trace: true, view: ["a", "b"], "deadline-ms": "5" });
  assert.deepEqual(options, ["--trace", "--view", "a", "--view", "b", "--deadline-ms", "5"]);
});

Deno.test("a request is a line", () => {
  assert.deepEqual(engineOptions({ request: "a" }), ["--request", "a\n"]);
  assert.deepEqual(engineOptions({ request: "a\n" }), ["--request", "a\n"]);
});
