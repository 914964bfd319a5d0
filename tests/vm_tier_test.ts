import assert from "node:assert/strict";
import { expectAnswer, expectError, headerOf, Server } from "./harness.ts";
import { WITHOUT_KVM } from "./harness/vm.ts";

const FILES = {
  "@acme/count.ts": `
    let count = 0;
    export default () => Response.json({ count: ++count, random: Math.random(), id: crypto.randomUUID() });`,
  "@acme/sleep.ts": `
    export default async (req: Request) => {
      await new Promise((resolve) => setTimeout(resolve, Number(new URL(req.url).searchParams.get("ms"))));
      return new Response("awake");
    };`,
  "@acme/loop.ts": `
    export const config = { timeoutMs: 300 };
    export default () => { for (;;); };`,
};

const vm = { ignore: WITHOUT_KVM };

Deno.test("another tenant's function runs in a microVM, each request in a state of its own", vm, async () => {
  await using server = await Server.start({ files: FILES });
  const answers = [];
  for (let request = 0; request < 10; request++) answers.push(await server.call("/@acme/count"));
  const parts = answers.map(({ text }) => JSON.parse(text));
  assert.deepEqual(parts.map(({ count }) => count), new Array(10).fill(1));
  assert.equal(new Set(parts.map(({ random }) => random)).size, 10);
  assert.equal(new Set(parts.map(({ id }) => id)).size, 10);
  const starts = answers.map((answer) => headerOf(answer, "x-mayfly-start")!);
  assert.equal(starts[0], "cold");
  // One that comes while the last VM is being reset gets another.
  assert.ok(starts.slice(1).every((start) => start === "warm" || start === "clone"), `${starts}`);
});

Deno.test("a function that loops ends at its deadline, and others go on", vm, async () => {
  await using server = await Server.start({ files: FILES });
  const [looped, slept] = await Promise.all([server.call("/@acme/loop"), server.call("/@acme/sleep?ms=400")]);
  expectError(looped, "timeout");
  expectAnswer(slept, { text: "awake" });
});

Deno.test(
  "a function whose init never ends, throws or makes no handler is not deployed, and says why",
  vm,
  async () => {
    await using server = await Server.start({
      files: {
        "@acme/ends-not.ts": `export const config = { buildTimeoutMs: 500 };\nfor (;;);\nexport default () => {};`,
        "@acme/throws.ts": `const x = 1;\nthrow new Error("at init");\nexport default () => new Response();`,
        "@acme/none.ts": `export const x = 1;`,
        "@acme/turns.py": `config = {"buildTimeoutMs": 1000}\ndef turns():\n    while True: pass\n\nturns()\n`,
      },
    });
    const errorOf = async (name: string) => (await server.admin.function(name))?.error ?? "";
    assert.match(await errorOf("@acme/ends-not"), /longer than its buildTimeoutMs of 500/);
    assert.match(await errorOf("@acme/throws"), /throws\.ts:2:7: Error: at init/);
    assert.match(await errorOf("@acme/none"), /handler/);
    const turns = /^turns\.py:3:\d+: Cannot evaluate the module: it takes longer than its buildTimeoutMs of 1000$/m;
    assert.match(await errorOf("@acme/turns"), turns);
  },
);
