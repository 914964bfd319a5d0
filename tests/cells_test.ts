import assert from "node:assert/strict";
import { getPriority } from "node:os";
import { type Answer, expectAnswer, expectError, Server, until } from "./harness.ts";
import { busyCell, cellOf } from "./harness/cells.ts";
import { WITHOUT_KVM } from "./harness/vm.ts";

const COUNTS = `
let requests = 0;
const table = Array.from({ length: 200_000 }, (_, at) => at);
export default () => Response.json({ requests: ++requests, sum: table.reduce((sum, at) => sum + at, 0) });
`;
const COUNTED = { requests: 1, sum: 19_999_900_000 };

/** Its VM keeps these pages for the next request. */
const FILLS = "export default () => new Response(new Uint8Array(24 << 20).fill(1).length ? 'full' : '');";

const HELLO = "export default () => new Response('hi');";

const HOSTILE = `
export const config = { timeoutMs: 5000, memoryMb: 128 };
const hold: Uint8Array[] = [];
export default (req: Request) => {
  switch (new URL(req.url).searchParams.get("do")) {
    case "spin": for (;;);
    case "fill": for (;;) hold.push(new Uint8Array(1 << 20).fill(1));
    case "exit": Deno.exit(1);
    default: return new Response("well");
  }
};
`;

function testCells(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: WITHOUT_KVM, fn });
}

const logOf = async (server: Server): Promise<string> => await (await server.admin.get("/logs?lines=1000")).text();

/** The snapshot of the version that serves. */
async function snapshotOf(server: Server, tenant: string, name: string): Promise<string> {
  const { version } = (await server.admin.function(`@${tenant}/${name}`))!;
  return `${server.data}/versions/${tenant}/${name}/${version}/snapshot.bin`;
}

/** Other bytes in many places of a file that keeps its size. */
async function damage(path: string): Promise<void> {
  using file = await Deno.open(path, { read: true, write: true });
  const { size } = await file.stat();
  for (let at = 0; at < size; at += 4096) {
    await file.seek(at + 64, Deno.SeekMode.Start);
    await file.write(new Uint8Array(64).fill(0xa5));
  }
}

testCells("a cell that is killed takes its own requests with it, and is there again for the next", async () => {
  await using server = await Server.start({
    files: { "@acme/hostile.ts": HOSTILE, "@acme/count.ts": COUNTS, "@other/count.ts": COUNTS },
  });
  expectAnswer(await server.call("/@other/count"), { json: COUNTED });
  const slow = [1, 2].map(() => server.call("/@acme/hostile?do=spin"));
  Deno.kill(await busyCell(server), "SIGKILL");
  for (const answer of await Promise.all(slow)) expectError(answer, "crash");
  const [next, other] = await Promise.all([server.call("/@acme/count"), server.call("/@other/count")]);
  expectAnswer(next, { json: COUNTED, headers: { "x-mayfly-start": "cold" } });
  expectAnswer(other, { json: COUNTED, headers: { "x-mayfly-start": /^(warm|clone)$/ } });
  assert.match(await logOf(server), /A cell of acme is gone/);
});

testCells("a tenant's cells have its share of the processors", async () => {
  await using server = await Server.start({
    files: {
      "mayfly.json": JSON.stringify({ tenants: { acme: { cpuShare: 0.5 } } }),
      "@acme/hostile.ts": HOSTILE,
      "@other/hostile.ts": HOSTILE,
    },
  });
  for (const [tenant, niceness] of [["acme", 9], ["other", 6]] as const) {
    const slow = server.call(`/@${tenant}/hostile?do=spin`);
    const cell = await busyCell(server);
    assert.equal(getPriority(cell), niceness);
    // Where the kernel shares the processors out among sessions, a cell is one.
    const session = await Deno.readTextFile(`/proc/${cell}/autogroup`).catch(() => null);
    if (session !== null) assert.match(session, new RegExp(` nice ${niceness}$`, "m"));
    Deno.kill(cell, "SIGKILL");
    expectError(await slow, "crash");
  }
});

testCells("a restart brings every function back, and builds none", async () => {
  await using server = await Server.start({
    files: {
      "hello.ts": HELLO,
      "@acme/count.ts": COUNTS,
      "@other/count.ts": COUNTS,
    },
  });
  const before = await server.admin.functions();
  const file = await snapshotOf(server, "acme", "count");
  const { mtime } = await Deno.stat(file);
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    await server.stop(signal);
    const said = server.console.length;
    await server.up();
    await server.built(["hello", "@acme/count", "@other/count"]);
    expectAnswer(await server.call("/@acme/count"), { json: COUNTED, headers: { "x-mayfly-start": "cold" } });
    expectAnswer(await server.call("/@other/count"), { json: COUNTED });
    const shown = (await server.admin.functions()).map(({ name, version }) => [name, version]);
    assert.deepEqual(shown, before.map(({ name, version }) => [name, version]));
    assert.deepEqual((await Deno.stat(file)).mtime, mtime);
    assert.doesNotMatch(server.console.slice(said), /^deployed /m);
  }
});

testCells("a server that is killed leaves nothing in the folder for temporary files", async () => {
  const folder = await Deno.makeTempDir();
  await using server = await Server.start({ env: { TMPDIR: folder }, files: { "@acme/count.ts": COUNTS } });
  expectAnswer(await server.call("/@acme/count"), { json: COUNTED });
  await server.stop("SIGKILL");
  assert.deepEqual((await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name), []);
  await Deno.remove(folder, { recursive: true });
});

/** What is done to the snapshot's file, or to another one in the data folder. */
const DAMAGES: Record<string, (file: string, data: string) => Promise<void>> = {
  "other bytes": damage,
  "a file that ends early": async (file) => await Deno.truncate(file, (await Deno.stat(file)).size / 2),
  "a file that is not there": (file) => Deno.remove(file),
  "the runtime's other bytes": async (_file, data) => {
    for await (const { name } of Deno.readDir(`${data}/runtimes`)) {
      await damage(`${data}/runtimes/${name}/snapshot.bin`);
    }
  },
  "the runtime's file is not there": async (_file, data) => {
    for await (const { name } of Deno.readDir(`${data}/runtimes`)) {
      await Deno.remove(`${data}/runtimes/${name}/snapshot.bin`);
    }
  },
};

for (const [what, harm] of Object.entries(DAMAGES)) {
  testCells(`a damaged snapshot is made again, and the log says so: ${what}`, async () => {
    await using server = await Server.start({ files: { "@acme/count.ts": COUNTS, "hello.ts": HELLO } });
    const file = await snapshotOf(server, "acme", "count");
    await server.stop();
    await harm(file, server.data);
    await server.up();
    // It may be seen before a request, at it, or only behind it; never may it answer wrongly.
    const isRight = (answer: Answer) => {
      if (answer.status === 200) expectAnswer(answer, { json: COUNTED });
      return answer.status === 200;
    };
    await server.answers("/@acme/count", isRight);
    await until("the log tells of it", async () => /it is built again/.test(await logOf(server)));
    await server.answers("/@acme/count", isRight);
    expectAnswer(await server.call("/hello"), { text: "hi" });
  });
}

for (const what of ["a file that is not there", "the runtime's file is not there"]) {
  testCells(`what is lost while the server runs is made again, and the log says so: ${what}`, async () => {
    await using server = await Server.start({ files: { "@acme/count.ts": COUNTS } });
    await DAMAGES[what](await snapshotOf(server, "acme", "count"), server.data);
    await server.answers("/@acme/count", ({ status }) => status === 200);
    expectAnswer(await server.call("/@acme/count"), { json: COUNTED });
    assert.match(await logOf(server), /it is built again/);
  });
}

testCells("where server.memoryMb has no room for them all, cells that are not used are stopped", async () => {
  const tenants = ["a", "b", "c", "d"];
  await using server = await Server.start({
    files: {
      "mayfly.json": JSON.stringify({ server: { memoryMb: 64 } }),
      ...Object.fromEntries(tenants.map((tenant) => [`@${tenant}/fill.ts`, FILLS])),
    },
  });
  for (const tenant of tenants) expectAnswer(await server.call(`/@${tenant}/fill`), { text: "full" });
  const isThere = (tenant: string) => cellOf(server, tenant).then(() => true, () => false);
  await until("the one is stopped that was not used for longest", async () => !await isThere("a"));
  // Without need each would stay for a minute.
  assert.equal(await isThere("d"), true);
  expectAnswer(await server.call("/@a/fill"), { text: "full", headers: { "x-mayfly-start": "cold" } });
});

testCells("a tenant that floods, spins and fills its memory harms no other", async () => {
  await using server = await Server.start({
    files: {
      "mayfly.json": JSON.stringify({ tenants: { evil: { memoryMb: 512, concurrency: 16 } } }),
      "@evil/hostile.ts": HOSTILE,
      "@good/count.ts": COUNTS,
    },
  });
  const ended = new AbortController();
  const codes = new Map<string, number>();
  const flood = async (what: string) => {
    while (!ended.signal.aborted) {
      const { status } = await server.call(`/@evil/hostile?do=${what}`);
      codes.set(`${what} ${status}`, (codes.get(`${what} ${status}`) ?? 0) + 1);
    }
  };
  const floods = Promise.all(Array.from({ length: 24 }, (_, at) => flood(["spin", "fill", "exit", "well"][at % 4])));
  // Where something else fails first, that is to be told.
  floods.catch(() => {});
  await until("the flood has come", () => [...codes.values()].reduce((sum, count) => sum + count, 0) > 50);
  for (let times = 0; times < 100; times++) expectAnswer(await server.call("/@good/count"), { json: COUNTED });
  ended.abort();
  await floods;
  // How far it gets in its time is the machine's to say.
  for (const code of codes.keys()) assert.doesNotMatch(code, /^(spin|fill|exit) 200$/);
  await server.answers("/@evil/hostile", ({ text }) => text === "well");
});
