import assert from "node:assert/strict";
import { OperatorError } from "../errors.ts";
import { explain } from "./explain.ts";

function told(error: unknown): string {
  const explained = explain(error, "thing", "CACHE");
  assert.ok(explained instanceof OperatorError);
  return explained.message;
}

Deno.test("a disk that fills while we write is told as one that fills while a tool does", () => {
  for (const text of ["No space left on device (os error 28): writefile 'x'", "error: unable to write: NoSpaceLeft"]) {
    assert.equal(told(new Error(text)), "Cannot set up thing: no space is left in CACHE");
  }
});

Deno.test("a cache that may not be written is told", () => {
  assert.equal(told(new Deno.errors.PermissionDenied()), "Cannot set up thing: CACHE cannot be written");
  assert.equal(told(new Error("Read-only file system (os error 30)")), "Cannot set up thing: CACHE cannot be written");
});

Deno.test("what is explained already, and what nobody expected, stays as it is", () => {
  for (const error of [new OperatorError("message", "hint"), new TypeError("bug")]) {
    assert.equal(explain(error, "thing", "CACHE"), error);
  }
});
