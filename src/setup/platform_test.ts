import assert from "node:assert/strict";
import { assertPlatform } from "./platform.ts";

Deno.test("another kind of machine is refused in one clear line", () => {
  assertPlatform({ os: "linux", arch: "x86_64" });
  for (const machine of [{ os: "darwin", arch: "aarch64" }, { os: "linux", arch: "aarch64" }]) {
    assert.throws(() => assertPlatform(machine), { name: "OperatorError", message: /^Mayfly needs Linux on x86_64/ });
  }
});
