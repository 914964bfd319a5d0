import assert from "node:assert/strict";
import { Server } from "./harness.ts";

const NEST = `export default async (req) => {
  const depth = 100_000;
  let deep = [];
  for (let i = 0; i < depth; i++) deep = [deep];
  const works = {
    parse: () => JSON.parse("[".repeat(depth) + "]".repeat(depth)),
    stringify: () => JSON.stringify(deep),
    eval: () => (0, eval)("(".repeat(depth) + ")".repeat(depth)),
  };
  try {
    works[new URL(req.url).searchParams.get("work")]();
    return new Response("done");
  } catch (error) {
    return new Response(error.name);
  }
};`;

Deno.test("what is nested too deep for the engine is a RangeError, which a function may catch", async () => {
  await using server = await Server.start({ files: { "nest.js": NEST } });
  for (const work of ["parse", "stringify", "eval"]) {
    const response = await fetch(`${server.url}/nest?work=${work}`);
    assert.deepEqual([work, response.status, await response.text()], [work, 200, "RangeError"]);
  }
});
