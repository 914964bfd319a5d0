import assert from "node:assert/strict";
import { expectAnswer, Held, HOLD, Server, until, Wire } from "./harness.ts";

const files = {
  "held.ts": `export const config = { timeoutMs: 60000 };\n${HOLD}`,
  "hello.ts": `export default () => new Response("hello");`,
};

async function isRefused(server: Server): Promise<boolean> {
  try {
    using connection = await Wire.open(server);
    await connection.request("GET", "/hello");
    return (await connection.answer()).status === 503;
  } catch {
    return true;
  }
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`${signal} lets running requests finish, takes no new ones, and exits with 0`, async () => {
    await using server = await Server.start({ files });
    using held = await Held.start(server, "/held");
    await until("it runs", async () => await server.admin.running() === 1);
    server.signal(signal);
    await until("new requests are refused", () => isRefused(server));
    const answer = await held.release();
    expectAnswer(answer, {});
    assert.ok(answer.complete);
    assert.equal((await server.ended).code, 0);
  });
}

Deno.test("a request that does not end is cut off after drainMs, and the exit is still 0", async () => {
  await using server = await Server.start({
    files: { ...files, "mayfly.json": JSON.stringify({ server: { drainMs: 300 } }) },
  });
  using held = await Held.start(server, "/held");
  await until("it runs", async () => await server.admin.running() === 1);
  server.signal("SIGTERM");
  assert.equal((await server.ended).code, 0);
  assert.equal((await held.answer.catch(() => null))?.complete ?? false, false);
});

Deno.test("an idle server ends at once, and leaves no address behind", async () => {
  await using server = await Server.start({ files });
  assert.equal((await server.stop("SIGTERM")).code, 0);
  await assert.rejects(Deno.stat(`${server.data}/server.json`), Deno.errors.NotFound);
});

Deno.test("a signal in the middle of builds ends the server too", async () => {
  await using server = await Server.start({ files });
  await server.drop(Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`f${n}.ts`, files["hello.ts"]])));
  assert.equal((await server.stop("SIGTERM")).code, 0);
});

Deno.test("it says on the console where it listens and what it serves", async () => {
  await using server = await Server.start({ files });
  await until("the console names the address", () => Promise.resolve(server.console.includes(server.url)));
  for (const word of ["hello", "/hello", "wasm", "ready"]) {
    await until(`the console says ${word}`, () => server.console.includes(word));
  }
});
