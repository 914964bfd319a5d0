import assert from "node:assert/strict";
import { REPO } from "./harness/command.ts";

Deno.test("every bench runs, and fills its lines of the table", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", `${REPO}/bench/run.ts`, "--tiny"],
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder().decode(stdout);
  assert.equal(code, 0, text + new TextDecoder().decode(stderr));
  const figures = [
    "engine alone: hello",
    "engine alone: JSON echo",
    "engine alone: hono app and",
    "engine alone: hono app of 20 routes",
    "engine alone: another function",
    "engine alone: killed",
    "hello's own snapshot",
    "hello, of bare",
    "JSON echo",
    "hono app of 20 routes and 3 middlewares, of bare",
    "concurrency 1",
    "endless loop gone",
    "endless loops",
    "full load",
    "deploys",
    "plain TypeScript",
    "hono + zod",
    "start to ready",
    "restart to ready",
    "fetch in a function",
    "fetches waiting at once",
    "called at random",
    "requests: RSS",
  ];
  for (const figure of figures) assert.match(text, new RegExp(`^\\| .*${figure.replaceAll("+", "\\+")}`, "m"));
  assert.doesNotMatch(text, /NaN|undefined|Infinity/);
});
