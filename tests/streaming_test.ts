import assert from "node:assert/strict";
import { expectAnswer, expectError, folderFiles, type Server, sharedServer, until, Wire } from "./harness.ts";

const shared = sharedServer({ files: folderFiles("functions/stream") });

const MiB = 1 << 20;
const LARGE_MB = 96;
const HUGE_MB = 256;
/** What may lie in buffers between a side that stands still and one that is held back. */
const HELD_BACK_MB = 24;
/** A collector may let garbage pile up; but were an answer held, it would be the difference of the two. */
const MORE_MB = 80;

function pieces(megabytes: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  let left = megabytes * 16;
  return new ReadableStream({
    pull(controller) {
      if (left-- > 0) controller.enqueue(new Uint8Array(65_536).fill(left));
      else controller.close();
    },
  });
}

/** What a side that is held back reaches: it gets no further while the server serves others. */
async function standstill(server: Server, reached: () => Promise<number> | number): Promise<number> {
  let last = -1;
  return await until("it stands still", async () => {
    for (let n = 0; n < 30; n++) await server.call("/drops");
    const now = await reached();
    if (now > 0 && now === last) return now;
    last = now;
    return null;
  });
}

Deno.test("a large body goes in, whole", async () => {
  const answer = await shared.server.call("/count", { method: "POST", body: pieces(LARGE_MB) });
  expectAnswer(answer, { json: { bytes: LARGE_MB * MiB } });
});

Deno.test("a large answer comes out without being held in memory", async () => {
  const { server } = shared;
  const peak = async (megabytes: number) => {
    await Deno.writeTextFile(`/proc/${server.pid}/clear_refs`, "5");
    const response = await fetch(`${server.url}/produce?mb=${megabytes}`);
    let bytes = 0;
    for await (const chunk of response.body!) bytes += chunk.length;
    assert.equal(bytes, megabytes * MiB);
    return (await server.facts()).peakRssMb;
  };
  const large = Math.max(await peak(LARGE_MB), await peak(LARGE_MB));
  const huge = await peak(HUGE_MB);
  assert.ok(huge <= large + MORE_MB, `${large} MB for an answer of ${LARGE_MB}, ${huge} MB for one of ${HUGE_MB}`);
});

Deno.test("a body passes through while it is still being sent", async () => {
  const answer = await fetch(`${shared.server.url}/echo`, { method: "POST", body: pieces(8) });
  let bytes = 0;
  for await (const chunk of answer.body!) bytes += chunk.length;
  assert.equal(bytes, 8 * MiB);
});

Deno.test("a reader that stands still holds the function back, and gets all of it when it goes on", async () => {
  const { server } = shared;
  using connection = await Wire.open(server);
  await connection.request("GET", `/produce?mb=${LARGE_MB}`, ["x-request-id: standstill"]);
  await connection.head();
  const made = await standstill(server, async () => {
    const lines = (await server.admin.logs("produce")).filter(({ requestId }) => requestId === "standstill");
    return Math.max(0, ...lines.map(({ text }) => Number(/made (\d+) MiB/.exec(text)?.[1] ?? 0)));
  });
  assert.ok(made <= HELD_BACK_MB, `made ${made} MiB for a reader that stands still`);
  let bytes = 0;
  for (let chunk = await connection.chunk(); chunk !== null; chunk = await connection.chunk()) bytes += chunk.length;
  assert.equal(bytes, LARGE_MB * MiB);
});

Deno.test("a function that stops reading holds its sender back", async () => {
  const { server } = shared;
  using connection = await Wire.open(server);
  await connection.request("POST", "/first", ["transfer-encoding: chunked"]);
  let sent = 0;
  const sending = (async () => {
    for (; sent < LARGE_MB; sent++) await connection.sendChunk(new Uint8Array(MiB));
  })();
  sending.catch(() => {});
  assert.ok(await standstill(server, () => sent) <= HELD_BACK_MB, `sent ${sent} MiB to a function that does not read`);
});

Deno.test("a function may answer without reading its body", async () => {
  const { server } = shared;
  using connection = await Wire.open(server);
  await connection.request("POST", "/drops", ["transfer-encoding: chunked"]);
  const sending = (async () => {
    for (let n = 0; n < LARGE_MB; n++) await connection.sendChunk(new Uint8Array(MiB));
  })();
  // The server need not take what nobody reads.
  sending.catch(() => {});
  assert.equal((await connection.answer("POST")).text, "not interested");
});

Deno.test("each piece of a stream arrives when it is made, and not only at its end", async () => {
  using connection = await Wire.open(shared.server);
  await connection.request("POST", "/events", ["transfer-encoding: chunked"]);
  await connection.sendChunk(new TextEncoder().encode("go"));
  assert.equal((await connection.head()).status, 200);
  const text = async () => new TextDecoder().decode(await connection.chunk() ?? undefined);
  assert.equal(await text(), "event 0\n");
  assert.equal(await text(), "event 1\n");
  await connection.sendChunk(new TextEncoder().encode("go"));
  assert.equal(await text(), "event 2\n");
  await connection.send("0\r\n\r\n");
  assert.equal(await connection.chunk(), null);
});

Deno.test("a slow sender costs the others nothing", async () => {
  const { server } = shared;
  const slow = await Promise.all(Array.from({ length: 50 }, async () => {
    const connection = await Wire.open(server);
    await connection.request("POST", "/count", ["content-length: 1000"]);
    return connection;
  }));
  for (let n = 0; n < 20; n++) expectAnswer(await server.call("/drops"), { text: "not interested" });
  for (const connection of slow) connection.close();
  await until("nothing runs", async () => await server.admin.running() === 0);
});

Deno.test("a reader that leaves ends an endless stream at once", async () => {
  const { server } = shared;
  {
    using connection = await Wire.open(server);
    await connection.request("GET", "/endless");
    await connection.head();
    await connection.chunk();
  }
  await until("nothing runs", async () => await server.admin.running() === 0);
});

Deno.test("a sender that leaves in the middle of its body ends the request", async () => {
  const { server } = shared;
  {
    using connection = await Wire.open(server);
    await connection.request("POST", "/count", ["content-length: 10000000"]);
    await connection.send(new Uint8Array(3 * MiB));
    await until(
      "the function has begun to read",
      async () => (await server.admin.logs("count")).some(({ text }) => text.startsWith("read ")),
    );
  }
  await until("nothing runs", async () => await server.admin.running() === 0);
});

Deno.test("a body whose chunks make no sense is refused, and harms nobody", async () => {
  const { server } = shared;
  for (const garbage of ["zz\r\n", "-1\r\n", "5\r\nab", "ffffffffffffffffff\r\n"]) {
    using connection = await Wire.open(server);
    await connection.request("POST", "/count", ["transfer-encoding: chunked"], garbage);
  }
  await until("nothing runs", async () => await server.admin.running() === 0);
  expectAnswer(await server.call("/drops"), { text: "not interested" });
});

Deno.test("a body that never comes does not outlive the deadline", async () => {
  const { server } = shared;
  await server.drop({
    "patient.ts": `export const config = { timeoutMs: 300 };
      export default async (req: Request) => new Response(await req.text());`,
  });
  await server.built(["patient"]);
  for (const headers of [["content-length: 10"], ["content-length: 1000000"], ["transfer-encoding: chunked"]]) {
    using connection = await Wire.open(server);
    await connection.request("POST", "/patient", headers);
    expectError(await connection.answer("POST"), "timeout");
  }
});
