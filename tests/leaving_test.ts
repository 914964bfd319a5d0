import assert from "node:assert/strict";
import { expectAnswer, folderFiles, type Server, sharedServer, until, Wire } from "./harness.ts";

const shared = sharedServer({ files: folderFiles("functions/waits") });

const said = (server: Server, name: string, text: string) => async () =>
  (await server.admin.logs(name)).some((line) => line.text.includes(text));
const idle = (server: Server) => async () => await server.admin.running() === 0;

Deno.test("a caller that leaves cancels a function that waits, and the function hears of it", async () => {
  const { server } = shared;
  {
    using connection = await Wire.open(server);
    await connection.request("GET", "/forever");
    await until("it waits", said(server, "forever", "waiting"));
    assert.equal(await server.admin.running(), 1);
  }
  await until("nothing runs", idle(server));
  await until("the guest has heard of it", said(server, "forever", "the caller left"));
});

Deno.test("a caller that leaves cancels a function that spins", async () => {
  const { server } = shared;
  {
    using connection = await Wire.open(server);
    await connection.request("GET", "/spin");
    await until("it runs", async () => await server.admin.running() === 1);
  }
  await until("nothing runs", idle(server));
});

Deno.test("sixty callers that leave at once leave nothing behind", async () => {
  const { server } = shared;
  const connections = await Promise.all(Array.from({ length: 60 }, async () => {
    const connection = await Wire.open(server);
    await connection.request("GET", "/forever");
    return connection;
  }));
  await until("they all run", async () => await server.admin.running() === 60);
  for (const connection of connections) connection.close();
  await until("nothing runs", idle(server));
  expectAnswer(await server.call("/hello"), { text: "hello" });
});

Deno.test("nothing runs after the response, unless waitUntil asked for it", async () => {
  const { server } = shared;
  expectAnswer(await server.call("/after?how=plain"), { text: "early" });
  expectAnswer(await server.call("/after?how=waitUntil"), { text: "early" });
  await until("the work is done", said(server, "after", "done after the response: waitUntil"));
  assert.equal(await said(server, "after", "done after the response: plain")(), false);
});

Deno.test("waitUntil ends with the request's time", async () => {
  const { server } = shared;
  expectAnswer(await server.call("/after-too-long"), { text: "early" });
  await until("nothing runs", idle(server));
});
