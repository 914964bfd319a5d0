import assert from "node:assert/strict";
import {
  expectAnswer,
  expectError,
  Held,
  HOLD,
  Server,
  sharedServer,
  until,
  Wire,
  wire,
  type WireAnswer,
} from "./harness.ts";

const settings = (config: string) => `export const config = ${config};\n${HOLD}`;

const shared = sharedServer({
  files: {
    "one.ts": settings("{ concurrency: 1, queue: 1, timeoutMs: 60000 }"),
    "none-waiting.ts": settings("{ concurrency: 2, queue: 0, timeoutMs: 60000 }"),
    "hello.ts": `export default () => new Response("hello");`,
  },
});

async function idle(server: Server): Promise<void> {
  await until("nothing runs", async () => await server.admin.running() === 0);
}

Deno.test("a function at its limit queues, and refuses when its queue is full", async () => {
  const { server } = shared;
  using first = await Held.start(server, "/one");
  await until("the first runs", async () => await server.admin.running() === 1);

  // One of these waits and the other is refused: nobody can say which.
  using second = await Held.start(server, "/one");
  using third = await Held.start(server, "/one");
  const refused = await Promise.race([second.answer, third.answer]);
  expectError(refused, "concurrency");
  assert.match(refused.headers.find(([name]) => name === "retry-after")?.[1] ?? "", /^\d+$/);

  expectAnswer(await server.call("/hello"), { text: "hello" });
  expectAnswer(await first.release(), {});
  const [a, b] = await Promise.all([second.release(), third.release()]);
  assert.deepEqual([a.status, b.status].sort(), [200, 429]);
  await idle(server);
});

Deno.test("a queue of none refuses at once", async () => {
  const { server } = shared;
  using _first = await Held.start(server, "/none-waiting");
  using _second = await Held.start(server, "/none-waiting");
  await until("both run", async () => await server.admin.running() === 2);
  expectError(await wire(server, "/none-waiting"), "concurrency");
});

Deno.test("a place is free again when its caller leaves", async () => {
  const { server } = shared;
  await idle(server);
  const first = await Held.start(server, "/one");
  await until("the first runs", async () => await server.admin.running() === 1);
  using second = await Held.start(server, "/one");
  first[Symbol.dispose]();
  expectAnswer(await second.release(), {});
  await idle(server);
});

Deno.test("one who waits and leaves does not take a place", async () => {
  const { server } = shared;
  using first = await Held.start(server, "/one");
  await until("the first runs", async () => await server.admin.running() === 1);
  {
    using waiting = await Wire.open(server);
    await waiting.request("GET", "/one");
    await until("somebody waits", async () => await server.admin.waiting() === 1);
  }
  await until("the queue is empty again", async () => await server.admin.waiting() === 0);
  using waited = await Held.start(server, "/one");
  await until("it waits", async () => await server.admin.waiting() === 1);
  expectAnswer(await first.release(), {});
  expectAnswer(await waited.release(), {});
  await idle(server);
});

Deno.test("who cannot be served before the deadline is told so, and no later than that", async () => {
  await using server = await Server.start({
    files: {
      "mayfly.json": JSON.stringify({ server: { concurrency: 1, queue: 10 } }),
      "long.ts": settings("{ timeoutMs: 60000 }"),
      "impatient.ts": settings("{ timeoutMs: 300 }"),
    },
  });
  using first = await Held.start(server, "/long");
  await until("the first runs", async () => await server.admin.running() === 1);
  const late = await wire(server, "/impatient");
  expectError(late, "overload");
  assert.ok(late.headers.some(([name]) => name === "retry-after"));
  expectAnswer(await first.release(), {});
  expectAnswer(await wire(server, "/impatient"), {});
});

Deno.test("a full server says so, and a flooded function does not keep a quiet one from its turn", async () => {
  const places = 4;
  const flood = 20;
  await using server = await Server.start({
    files: {
      "mayfly.json": JSON.stringify({ server: { concurrency: places, queue: flood + 1 } }),
      "flooded.ts": settings("{ timeoutMs: 60000 }"),
      "quiet.ts": settings("{ timeoutMs: 60000 }"),
    },
  });
  const flooding: Held[] = [];
  for (let n = 0; n < places + flood; n++) flooding.push(await Held.start(server, "/flooded"));
  await until("the flood waits", async () => await server.admin.waiting() === flood);
  using quiet = await Held.start(server, "/quiet");
  await until("the quiet one waits", async () => await server.admin.waiting() === flood + 1);
  expectError(await wire(server, "/flooded"), "overload");
  const order: string[] = [];
  const noted = (who: string) => (answer: WireAnswer) => {
    order.push(who);
    assert.equal(answer.status, 200, answer.text);
  };
  const all = Promise.all([
    quiet.release().then(noted("quiet")),
    ...flooding.map((held) => held.release().then(noted("flooded"))),
  ]);
  await all;
  // In turn, it is among the first that a free place is given to; last in line it would be the 25th.
  const place = order.indexOf("quiet");
  assert.ok(place <= places * 2 + 1, `${order}`);
});
