import assert from "node:assert/strict";
import { expectError, sharedServer, until } from "./harness.ts";

const BROKEN = `interface Gone { x: number }

function fail(how: string): never {
  throw new Error("broken by " + how);
}

export default async (req: Request): Promise<Response> => {
  const how = new URL(req.url).searchParams.get("how") ?? "nobody";
  try {
    fail(how);
  } catch (error) {
    if (how === "logged") console.error(error);
    else if (how === "later") setTimeout(() => fail("a timer"));
    else throw error;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return new Response("ok");
};
`;

const shared = sharedServer({ files: { "broken.ts": BROKEN, "fine.ts": BROKEN }, args: ["--dev"] });

const EXCERPT = /4 \| {3}throw new Error\("broken by " \+ how\);\n +\| +\^/;

Deno.test("with --dev a failed request is on the console with its id, its stack and the line where it began", async () => {
  const { server } = shared;
  const answer = await server.call("/broken?how=throwing", { headers: { "x-request-id": "seen-1" } });
  expectError(answer, "exception");
  const { detail } = answer.json<{ error: { detail: string } }>().error;
  assert.match(detail, /broken\.ts:4:\d+/);
  assert.match(detail, EXCERPT);
  const told = () => server.console.slice(server.console.lastIndexOf("GET /broken: exception"));
  await until("the console has the request to its end", () => EXCERPT.test(told()));
  assert.match(told(), /\(request seen-1\)\n *Error: broken by throwing[\s\S]*broken\.ts:4:\d+/);
});

Deno.test("with --dev the caller of a function that was never built is told why", async () => {
  const { server } = shared;
  await server.drop({ "stillborn.ts": "export default (" });
  await server.built(["stillborn"]);
  const { error } = (await server.call("/stillborn")).json<{ error: { message: string; detail: string } }>();
  assert.match(error.message, /mayfly logs stillborn/);
  assert.match(error.detail, /^stillborn\.ts:1:\d+: /);
});

for (const [how, told] of [["logged", "logged"], ["later", "a timer"]]) {
  Deno.test(`with --dev a stack in a function's log names the user's file: ${how}`, async () => {
    const { server } = shared;
    await server.call(`/fine?how=${how}`);
    const stack = new RegExp(`broken by ${told}[\\s\\S]*?fine\\.ts:4:\\d+`);
    await until("the console has the stack", () => stack.test(server.console));
    assert.doesNotMatch(server.console, /bundle\.js/);
  });
}
