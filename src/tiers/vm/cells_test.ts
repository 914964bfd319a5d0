import assert from "node:assert/strict";
import { CellOperation } from "../../../ffi/layout.ts";
import { NativeError } from "../../../ffi/native_values.ts";
import { FakeCell } from "../../../tests/fakes/fake_cell.ts";
import { systemClock } from "../../clock.ts";
import { Deadlines } from "../../deadlines.ts";
import { hostOf } from "../../host/host.ts";
import { MiB } from "../../limits.ts";
import { CellError } from "./cell.ts";
import { Cells } from "./cells.ts";
import type { Allotment, CellGroup } from "./cell_group.ts";
import { CellStarter } from "./cell_starter.ts";
import { Demand } from "./demand.ts";
import { Rhythm } from "./rhythm.ts";
import type { StoredSnapshot } from "./stored.ts";
import { Users } from "./users.ts";

const MINUTE_MS = 60_000;
const IMAGE = { file: "/image" };
const RUNTIME: StoredSnapshot = { file: "/runtime", parent: null, views: [IMAGE], protocol: 1, tcpPort: 0 };
const stored = (name: string): StoredSnapshot => ({
  file: name,
  parent: RUNTIME,
  views: [{ file: `${name}.image` }],
  protocol: 1,
  tcpPort: 0,
});

async function setUp() {
  let nowMs = 0;
  const clock = { now: () => nowMs, monotonic: () => nowMs };
  const processes: FakeCell[] = [];
  const shares = { of: () => 0.5 };
  const memory = { bytes: 10 * MiB, mostBytes: 100 * MiB };
  const troubles: string[] = [];
  const damaged: StoredSnapshot[] = [];
  const folder = await Deno.makeTempDir();
  const groups = new Set<CellGroup>();
  const allotted: (Allotment & { readonly requests: number })[] = [];
  const addGroup = (): CellGroup => {
    const process = processes.at(-1)!;
    const group = {
      ranOutOfMemory: false,
      // deno-lint-ignore require-await
      allot: async (allotment: Allotment) => void allotted.push({ ...allotment, requests: process.requests.length }),
      remove: () => Promise.resolve(void groups.delete(group)),
    };
    groups.add(group);
    return group;
  };
  const starter = new CellStarter({
    clock,
    deadlines: new Deadlines(systemClock),
    host: hostOf({}),
    cores: 2,
    open: () => {
      processes.push(new FakeCell());
      return Promise.resolve(processes.at(-1)!);
    },
    users: await Users.open(folder),
    groups: { add: () => Promise.resolve(addGroup()), tell: () => {} },
    memoryBytesOf: () => memory.mostBytes,
    cpuShareOf: () => shares.of(),
    onTrouble: (message) => troubles.push(message),
  });
  const cells = new Cells({
    clock,
    starter,
    memoryOf: () => memory.bytes,
    memoryBytesOf: () => memory.mostBytes,
    onDamaged: (stored) => damaged.push(stored),
  });
  return {
    cells,
    processes,
    memory,
    shares,
    troubles,
    damaged,
    groups,
    allotted,
    starter,
    /** Looks every second of so much time. */
    pass: (ms: number) => {
      for (const end = nowMs + ms; nowMs < end;) {
        nowMs += 1000;
        cells.look();
      }
    },
    now: () => nowMs,
    /** Waits until so many processes were started. */
    spare: async (count: number) => {
      while (processes.length < count) await settle();
    },
    close: async () => {
      await cells.close();
      await starter.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

const operations = (process: FakeCell) => process.requests.map(({ operation }) => operation);
const settle = () => new Promise((resolve) => setTimeout(resolve, 5));

Deno.test("a tenant has one cell, also when several ask at once, and another tenant has another of another user", async () => {
  const t = await setUp();
  const [a, b, c] = await Promise.all(["acme", "acme", "umbrella"].map((tenant) => t.cells.get(tenant)));
  assert.equal(a, b);
  assert.notEqual(a, c);
  const users = t.processes.flatMap(({ requests }) => requests)
    .filter(({ operation }) => operation === CellOperation.START).map(({ user }) => user);
  assert.equal(new Set(users).size, 2);
  assert.ok(users.every((user) => user >= 0x6000_0000 && user < 0x7000_0000));
  await t.close();
});

Deno.test("a cell's group has its tenant's part before the cell is told whose it is, and goes with it", async () => {
  const t = await setUp();
  await t.cells.get("acme");
  assert.deepEqual(t.allotted, [{ memoryBytes: t.memory.mostBytes, cpuShare: 0.5, requests: 0 }]);
  assert.equal(t.groups.size, 1);
  t.processes[0].die();
  await settle();
  assert.equal(t.groups.size, 0);
  await t.close();
});

Deno.test("a cell that nobody uses is stopped, and started again for the next request", async () => {
  const t = await setUp();
  const first = await t.cells.get("acme");
  t.pass(MINUTE_MS / 2);
  assert.equal(first.isAlive, true);
  t.pass(MINUTE_MS);
  assert.deepEqual([first.isAlive, t.cells.count], [false, 0]);
  assert.notEqual(await t.cells.get("acme"), first);
  await t.close();
});

Deno.test("a cell that crashed is started again for the next request, and the server's log says why", async () => {
  const t = await setUp();
  const first = await t.cells.get("acme");
  t.processes[0].die();
  await settle();
  assert.match(t.troubles[0], /^A cell of acme is gone: it ended \(/);
  const second = await t.cells.get("acme");
  assert.deepEqual([first.isAlive, second.isAlive], [false, true]);
  await t.close();
});

Deno.test("a tenant whose cell crashes again and again waits for the next, and nobody else does", async () => {
  const t = await setUp();
  for (let crash = 0; crash < 2; crash++) {
    await t.cells.get("acme");
    t.processes.findLast(({ requests, hasEnded }) => requests.length > 0 && !hasEnded)!.die();
    await settle();
  }
  const order: string[] = [];
  const again = t.cells.get("acme").then(() => order.push("acme"));
  await t.cells.get("umbrella").then(() => order.push("umbrella"));
  await again;
  assert.deepEqual(order, ["umbrella", "acme"]);
  await t.close();
});

Deno.test("what a cell counted goes on counting when it is gone", async () => {
  const t = await setUp();
  const says = (process: FakeCell, text: string) => {
    process.answer = ({ operation, id }) => {
      if (operation !== CellOperation.STATS) return 0;
      process.reply(id, 0, text);
      return null;
    };
  };
  await t.cells.get("acme");
  says(t.processes[0], "steps=7\nvms=3\nmine=1");
  assert.deepEqual(await t.cells.figures(), { steps: 7, vms: 3 });
  t.processes[0].die();
  await settle();
  assert.deepEqual(await t.cells.figures(), { steps: 7 });
  await t.cells.get("acme");
  says(t.processes.find(({ requests, hasEnded }) => requests.length > 0 && !hasEnded)!, "steps=2\nvms=1");
  assert.deepEqual(await t.cells.figures(), { steps: 9, vms: 1 });
  await t.close();
});

Deno.test("a cell is there just before the next request of a tenant whose requests come at intervals", async () => {
  const t = await setUp();
  const snapshot = stored("/f");
  for (let arrival = 0; arrival < 5; arrival++) {
    const serving = await t.cells.get("acme");
    await serving.bring(snapshot);
    serving.lastUsedMs = t.now();
    t.cells.heard("acme", snapshot, t.now());
    if (arrival < 4) t.pass(10 * MINUTE_MS);
  }
  t.pass(5 * MINUTE_MS);
  assert.equal(t.cells.count, 0);
  const started = t.cells.started;
  t.pass(5 * MINUTE_MS - 1000);
  await settle();
  assert.deepEqual([t.cells.count, t.cells.started], [1, started + 1]);
  await t.close();
});

Deno.test("a cell of more memory than its tenant's is told to keep no idle VM, and ended if that does not help", async () => {
  const t = await setUp();
  const serving = await t.cells.get("acme");
  t.memory.bytes = 200 * MiB;
  t.pass(1000);
  assert.equal(serving.isAlive, true);
  assert.equal(t.processes[0].requests.at(-1)!.count, 0);
  await settle();
  t.pass(1000);
  await settle();
  assert.equal(serving.isAlive, false);
  assert.match(t.troubles[0], /it had 200 MB/);
  await t.close();
});

Deno.test("the memory of a cell that runs something is looked at between two looks, and it is ended while that grows", async () => {
  const t = await setUp();
  const starting = t.cells.get("acme");
  assert.equal(t.cells.lookAtMemory(), true);
  const serving = await starting;
  await settle();
  assert.equal(t.cells.lookAtMemory(), false);
  const { cell } = serving;
  Object.defineProperty(cell, "running", { get: () => 1 });
  const lookAt = async (mb: number) => {
    t.memory.bytes = mb * MiB;
    assert.equal(t.cells.lookAtMemory(), serving.isAlive);
    await settle();
    return [serving.isAlive, serving.isShrunk];
  };
  assert.deepEqual(await lookAt(90), [true, false]);
  assert.deepEqual(await lookAt(200), [true, true]);
  assert.deepEqual(await lookAt(150), [true, true]);
  assert.deepEqual(await lookAt(150), [false, true]);
  assert.match(t.troubles[0], /it had 150 MB/);
  await t.close();
});

Deno.test("a cell that could not be told to keep no idle VM is told again, and not ended for that", async () => {
  const t = await setUp();
  const serving = await t.cells.get("acme");
  await settle();
  const [cell] = t.processes;
  const send = cell.send;
  cell.send = () => {
    throw new NativeError("ask the cell", "EAGAIN", "it has not read what it was asked before");
  };
  t.memory.bytes = 200 * MiB;
  for (let look = 0; look < 3; look++) {
    t.pass(1000);
    await settle();
  }
  assert.deepEqual([serving.isAlive, serving.isShrunk], [true, false]);
  cell.send = send;
  t.pass(1000);
  await settle();
  assert.deepEqual([serving.isAlive, serving.isShrunk], [true, true]);
  await t.close();
});

Deno.test("while memory is short, the cells that were not used for longest are stopped first", async () => {
  const t = await setUp();
  t.cells.resize(25 * MiB);
  const [a, b] = [await t.cells.get("a"), await t.cells.get("b")];
  t.pass(3000);
  b.lastUsedMs = t.now();
  const c = await t.cells.get("c");
  t.pass(1000);
  assert.deepEqual([a.isAlive, b.isAlive, c.isAlive], [false, true, true]);
  await t.close();
});

Deno.test("what a snapshot needs is brought to a cell once, and dropped with the last that needs it", async () => {
  const t = await setUp();
  const serving = await t.cells.get("acme");
  const [f, g] = [stored("/f"), stored("/g")];
  await Promise.all([serving.bring(f), serving.bring(f), serving.bring(g)]);
  const files = t.processes[0].requests.flatMap(({ file }) => file ?? []);
  assert.deepEqual(files.toSorted(), ["/f", "/f.image", "/g", "/g.image", "/image", "/runtime"]);
  const objectOf = (name: string) => t.processes[0].requests.find(({ file }) => file === name)!.object;
  const { parent, views } = t.processes[0].requests.find(({ file }) => file === "/f")!;
  assert.deepEqual([parent, views], [objectOf("/runtime"), [objectOf("/image"), objectOf("/f.image")]]);

  const dropped = () =>
    t.processes[0].requests.filter(({ operation }) => operation === CellOperation.DROP).map(({ object }) => object);
  t.cells.drop("acme", f);
  assert.deepEqual(dropped(), ["/f", "/f.image"].map(objectOf));
  t.cells.drop("acme", g);
  assert.deepEqual(dropped().slice(2).toSorted(), ["/g", "/g.image", "/image", "/runtime"].map(objectOf).toSorted());
  await t.close();
});

Deno.test("a snapshot that could not be brought is tried again", async () => {
  const t = await setUp();
  const serving = await t.cells.get("acme");
  t.processes[0].answer = ({ file }) => file === "/f" ? -22 : 0;
  const snapshot = stored("/f");
  await assert.rejects(serving.bring(snapshot), CellError);
  t.processes[0].answer = () => 0;
  assert.ok(await serving.bring(snapshot) > 0);
  await t.close();
});

Deno.test("processes wait for the next tenants, a few of them, and are ended with the server", async () => {
  const t = await setUp();
  await t.cells.get("acme");
  await t.spare(2);
  assert.deepEqual(operations(t.processes[1]), []);
  await t.cells.get("umbrella");
  assert.deepEqual(operations(t.processes[1])[0], CellOperation.START);
  await t.spare(2 + 4);
  await t.close();
  assert.equal(t.processes.length, 6);
  assert.ok(t.processes.every(({ hasEnded }) => hasEnded));
});

Deno.test("a tenant whose process died while it waited gets another", async () => {
  const t = await setUp();
  await t.cells.get("acme");
  await t.spare(2);
  t.processes[1].die();
  t.processes[1].send = () => {
    throw new NativeError("ask the cell", "EPIPE", "it is gone");
  };
  const serving = await t.cells.get("umbrella");
  assert.ok(serving.isAlive);
  assert.equal(t.processes[1].hasEnded, true);
  await t.close();
});

Deno.test("a process that cannot become a tenant's does not stay", async () => {
  const t = await setUp();
  const clash = new Error("a share that makes no sense");
  t.shares.of = () => {
    throw clash;
  };
  await assert.rejects(t.cells.get("acme"), clash);
  assert.deepEqual([t.processes.map(({ hasEnded }) => hasEnded), t.groups.size], [[true], 0]);
  await t.close();
});

Deno.test("a tenant's user is the same after a restart", async () => {
  const folder = await Deno.makeTempDir();
  const users = await Users.open(folder);
  const given = await Promise.all(["a", "b", "a"].map((tenant) => users.of(tenant)));
  assert.deepEqual([given[0] === given[2], given[0] !== given[1], given.includes(users.free)], [true, true, false]);
  const again = await Users.open(folder);
  assert.deepEqual([await again.of("b"), await again.of("a")], [given[1], given[0]]);
  for (const text of ["{", '["a"]', '{"base":0,"tenants":[]}', '{"base":1610612736,"tenants":[1]}']) {
    await Deno.writeTextFile(`${folder}/cell-users.json`, text);
    await assert.rejects(Users.open(folder), /no list of names/);
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("no two data folders share a user", async () => {
  const folders = await Promise.all([Deno.makeTempDir(), Deno.makeTempDir()]);
  const [one, other] = await Promise.all(folders.map((folder, at) => Users.open(folder, () => at)));
  const users = [one.free, await one.of("a"), other.free, await other.of("a")];
  assert.equal(new Set(users).size, 4);
  assert.ok(Math.abs(one.free - other.free) >= 0x10000);
  for (const folder of folders) await Deno.remove(folder, { recursive: true });
});

Deno.test("a user that could not be written is written later", async () => {
  const folder = await Deno.makeTempDir();
  const users = await Users.open(folder);
  await Deno.mkdir(`${folder}/cell-users.json.new`);
  await assert.rejects(users.of("a"));
  await Deno.remove(`${folder}/cell-users.json.new`);
  const user = await users.of("a");
  assert.equal(await (await Users.open(folder)).of("a"), user);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("as many VMs are kept as ran at once lately, one more for each function, and fewer with time", () => {
  const demand = new Demand();
  demand.runs(50, 1);
  assert.equal(demand.look(0), 51);
  for (let n = 1; n <= 20; n++) demand.runs(1, n);
  assert.equal(demand.look(0), 65);
  for (let look = 0; look < 100; look++) demand.look(0);
  assert.equal(demand.look(0), 2);
});

Deno.test("a rhythm is heard after some regular requests, and none in others", () => {
  const rhythm = new Rhythm();
  const hear = (...times: number[]) => times.forEach((ms) => rhythm.heard(ms * 1000));
  hear(0, 60, 60.2, 121);
  assert.equal(rhythm.nextMs, null);
  hear(180);
  assert.equal(rhythm.nextMs, 240_000);
  hear(500);
  assert.equal(rhythm.nextMs, null);
});
