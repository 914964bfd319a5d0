import assert from "node:assert/strict";
import { testExpressions, throws } from "./expressions.ts";
import { evaluate } from "./host.ts";

const ENV = { KEY: "value", EMPTY: "" };

Deno.test("Deno.env and process.env show the function's own environment alone", async () => {
  const seen = await evaluate(
    `return [Deno.env.get("KEY"), Deno.env.get("NONE"), Deno.env.has("EMPTY"), Deno.env.get("toString"), Deno.env.toObject(),
      process.env.KEY, process.env.NONE, "KEY" in process.env, Object.keys(process.env), { ...process.env }]`,
    { env: ENV },
  );
  assert.deepEqual(seen, ["value", null, true, null, ENV, "value", null, true, ["KEY", "EMPTY"], ENV]);
});

testExpressions([
  ["the environment cannot be changed", `Deno.env.set("a", "b")`, throws("TypeError")],
  ["Deno.version names a version", `typeof Deno.version.deno`, "string"],
  ["process.nextTick runs soon", `await new Promise((resolve) => process.nextTick(resolve, 7))`, 7],
]);
