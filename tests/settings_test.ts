import assert from "node:assert/strict";
import { expectAnswer, mayfly, sharedServer, until } from "./harness.ts";

const hello = `export default () => new Response("hello");`;

/** A config that is refused, and what its error has to name. */
const refused: Readonly<Record<string, { config: string; names: RegExp[] }>> = {
  "an unknown key": { config: "{ timeoutMS: 100 }", names: [/timeoutMS/] },
  "a text for a number": { config: `{ timeoutMs: "fast" }`, names: [/timeoutMs/, /fast/] },
  "a negative number": { config: "{ timeoutMs: -1 }", names: [/timeoutMs/, /-1/] },
  "zero milliseconds": { config: "{ timeoutMs: 0 }", names: [/timeoutMs/] },
  "a fraction of a request": { config: "{ concurrency: 1.5 }", names: [/concurrency/, /1\.5/] },
  "a value over the cap": { config: "{ timeoutMs: 999999999 }", names: [/timeoutMs/, /999999999/, /60000/] },
  "memory over the engine's limit": { config: "{ memoryMb: 1024 }", names: [/memoryMb/, /1024/, /512/] },
  "a body over the cap": { config: "{ bodyMb: 5000 }", names: [/bodyMb/, /5000/, /100/] },
  "a method that is none": { config: `{ methods: ["GET", "NO SPACE"] }`, names: [/methods/] },
  "a method that is for no function": { config: `{ methods: ["TRACE"] }`, names: [/methods/] },
  "a tier that is none": { config: `{ tier: "cloud" }`, names: [/tier/, /cloud/] },
  "a list for the whole": { config: "[]", names: [/config/] },
  "a call": { config: "{ timeoutMs: Number(1) }", names: [/config/, /literal/] },
  "a variable": { config: "{ timeoutMs: limit }", names: [/config/, /literal/] },
  "a sum": { config: "{ timeoutMs: 1 + 1 }", names: [/config/, /literal/] },
  "a spread": { config: "{ ...{ timeoutMs: 1 } }", names: [/config/, /literal/] },
  "a getter": { config: "{ get timeoutMs() { return 1; } }", names: [/config/, /literal/] },
  "a prototype": { config: `{ "__proto__": { timeoutMs: 5 } }`, names: [/config|__proto__/] },
};

const slug = (name: string) => name.replaceAll(/\W+/g, "-");

const shared = sharedServer({
  files: {
    ...Object.fromEntries(
      Object.entries(refused).map(([name, { config }]) => [
        `${slug(name)}.ts`,
        `const limit = 5;\nexport const config = ${config};\nexport const used = limit;\n${hello}`,
      ]),
    ),
    "literal.ts": `export const config = {
      // Comments, quotes of all kinds and separators are no code.
      "timeoutMs": 2_000, 'memoryMb': 0x20, methods: [\`GET\`, "POST",], env: { A: 'b' }, warmup: [],
    } as const;
    export default (_: Request, ctx: { env: Record<string, string> }) => Response.json(ctx.env);`,
    "typed.ts": `interface Config { timeoutMs: number }
    export const config: Config = { timeoutMs: 300 };
    export default () => { for (;;); };`,
    "overruled.ts": `export const config = { timeoutMs: 60000, env: { A: "code", B: "code" } };
    export default (_: Request, ctx: { env: Record<string, string> }) => Response.json(ctx.env);`,
    "warm.ts": `let asked = 0;
    export const config = { warmup: ["/warm", "/warm"] };
    export default () => new Response(String(++asked));`,
    "api/a.ts": `export default () => { for (;;); };`,
    "api/b.ts": `export default () => { for (;;); };`,
    "mayfly.json": JSON.stringify({
      functions: { overruled: { env: { A: "file" } }, "api/*": { timeoutMs: 200 } },
    }),
  },
});

for (const [name, { names }] of Object.entries(refused)) {
  Deno.test(`a config is refused with the key, the value and what is allowed: ${name}`, async () => {
    const { server } = shared;
    const info = await server.admin.function(slug(name));
    assert.equal(info?.state, "failed");
    for (const part of names) assert.match(info?.error ?? "", part);
    assert.equal((await server.call(`/${slug(name)}`)).status, 503);
  });
}

Deno.test("a config may be written in any literal way", async () => {
  expectAnswer(await shared.server.call("/literal"), { json: { A: "b" } });
});

Deno.test("a config may have a type", async () => {
  expectAnswer(await shared.server.call("/typed"), { code: "timeout" });
});

Deno.test("mayfly.json goes before the code", async () => {
  const answer = await shared.server.call("/overruled");
  assert.equal(answer.json<Record<string, string>>().A, "file");
});

Deno.test("settings of a pattern hold for all functions that it matches", async () => {
  const { server } = shared;
  for (const answer of await Promise.all([server.call("/api/a"), server.call("/api/b")])) {
    expectAnswer(answer, { code: "timeout" });
  }
});

Deno.test("warm-up requests happened before the snapshot, in every clone", async () => {
  for (let n = 0; n < 3; n++) expectAnswer(await shared.server.call("/warm"), { text: "3" });
});

Deno.test("a mayfly.json that is wrong is named, and does not take the functions down", async () => {
  const { server } = shared;
  const good = await Deno.readTextFile(`${server.functions}/mayfly.json`);
  for (const bad of ["{", `{"functions": {"literal": {"timeoutMs": "x"}}}`, `{"servr": {}}`, "[]"]) {
    const printed = server.console.length;
    await server.drop({ "mayfly.json": bad });
    await server.answers("/literal", ({ status }) => status === 200);
    const place = /mayfly\.json:1:\d+: /;
    await until("the console names the place", () => place.test(server.console.slice(printed)));
    const { stdout, stderr } = await mayfly(["ls", "--data", server.data]);
    assert.match(stderr, place);
    assert.match(stdout, /\bliteral\b/);
  }
  await server.drop({ "mayfly.json": good.replace('"file"', '"changed"') });
  await server.answers("/overruled", ({ text }) => text.includes("changed"));
  assert.equal((await mayfly(["ls", "--data", server.data])).stderr, "");
});
