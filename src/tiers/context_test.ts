import assert from "node:assert/strict";
import { jsContext, wasiContext } from "./context.ts";

Deno.test("a JavaScript function is told of its parameters and its mount, or of nothing", () => {
  assert.equal(jsContext({ mount: "", params: null }), "");
  assert.deepEqual(JSON.parse(jsContext({ mount: "/a", params: { id: "7" } })), { mount: "/a", params: { id: "7" } });
});

Deno.test("a parameter cannot make another variable of a WASI command's", () => {
  const context = wasiContext("/at/:id")({ mount: "/at/x", params: { id: "7\0PATH=/x\n", more: "" } });
  assert.equal(context, "/at/x\0PARAM_id=7PATH=/x\n\0PARAM_more=\0");
});

Deno.test("a WASI command that takes the rest of a path owns what is above it", () => {
  assert.equal(wasiContext("/a/*")({ mount: "", params: { rest: "b" } }), "/a\0PARAM_rest=b\0");
  assert.equal(wasiContext("/*")({ mount: "", params: null }), "\0");
  assert.equal(wasiContext("/a/:id/*")({ mount: "", params: null }), "\0");
});
