import assert from "node:assert/strict";
import { CellOperation, CellProtocol, StepResult } from "../../../ffi/layout.ts";
import { fakeStarter } from "../../../tests/fakes/fake_starter.ts";
import { SETTINGS } from "../../../tests/fakes/fake_tier.ts";
import { Cells } from "./cells.ts";
import { VersionSnapshot } from "./version_snapshot.ts";
import { VmSnapshot } from "./vm_snapshot.ts";

const DEADLINE_MS = 60_000;

function versionIn(folder: string): VersionSnapshot {
  const record = { runtime: null, images: [], views: [], protocol: CellProtocol.FRAMES, tcpPort: 0, madeAtMs: 0 };
  return new VersionSnapshot(folder, record, null, []);
}

/** `refused`: a file that cells cannot use. */
function setUp(refused?: string) {
  const clock = { now: () => 0, monotonic: () => 0 };
  const { starter, processes } = fakeStarter({
    clock,
    onTrouble: () => {},
    answer: ({ file }) => file !== null && file === refused ? -22 : 0,
  });
  const damaged: string[] = [];
  const cells = new Cells({
    clock,
    starter,
    memoryOf: () => 0,
    memoryBytesOf: () => 2 ** 31,
    onDamaged: () => {},
  });
  const first = versionIn("/first");
  const snapshot = new VmSnapshot({
    cells,
    clock,
    id: { tenant: "acme", name: "f" },
    settings: { ...SETTINGS, tier: "vm" },
    contextOf: () => "",
    onDamaged: (error) => damaged.push(`${error}`),
    onDispose: () => {},
  }, first);
  const request = async (deadlineMs = DEADLINE_MS) => {
    const invocation = {
      ...{ requestId: "r", method: "GET", url: "http://x/", headers: "", params: null, mount: "", body: null },
      ...{ deadlineMs, queueMs: 0, signal: new AbortController().signal },
    };
    return await snapshot.run(invocation, { head() {}, chunk() {}, end() {}, log() {} }, () => {});
  };
  const ask = async () => (await request()).code;
  return {
    snapshot,
    damaged,
    request,
    ask,
    /** The one that has something to do. */
    busy: () => processes.find(({ steps, hasEnded }) => steps.length > 0 && !hasEnded),
    cell: () => processes[0],
    /** Another one, that has something to do. */
    nextCell: () => processes.slice(1).find(({ steps }) => steps.length > 0),
    objectOf: (file: string) => processes[0].requests.find((request) => request.file === file)?.object,
    dropped: () =>
      processes[0].requests.filter(({ operation }) => operation === CellOperation.DROP).map(({ object }) => object),
    close: async () => {
      await cells.close();
      await starter.close();
    },
  };
}

const until = async (isTrue: () => boolean) => {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 1));
};

Deno.test("requests that wait while a snapshot is replaced are served by the one they came to, which goes after them", async () => {
  const t = setUp();
  const asked = Array.from({ length: 20 }, t.ask);
  await until(() => t.cell()?.steps.length > 0);
  const unused = t.snapshot.replace(versionIn("/second"));
  const later = t.ask();
  let ended = 0;
  for (const answer of [...asked, later]) answer.then(() => ended++);
  const seen = new Set<number>();
  const first = t.objectOf("/first/snapshot.bin")!;
  while (ended < 21) {
    if (t.cell().steps.length > 0) {
      const [object] = t.cell().running;
      seen.add(object);
      assert.ok(object !== first || !t.dropped().includes(first));
      t.cell().complete(StepResult.DONE);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await unused;
  assert.deepEqual(t.dropped(), [first]);
  assert.deepEqual([...seen].toSorted(), [first, t.objectOf("/second/snapshot.bin")!].toSorted());
  await t.close();
});

Deno.test("what was replaced is no damage of the version when it cannot be brought to a cell", async () => {
  const t = setUp("/first/snapshot.bin");
  const asked = t.ask();
  t.snapshot.replace(versionIn("/second"));
  assert.equal(await asked, "not_deployed");
  assert.deepEqual(t.damaged, []);
  await t.close();
});

Deno.test("a snapshot that is doubted is built again when it is asked for, unless it was replaced before", async () => {
  const t = setUp();
  t.snapshot.doubt(new Error("doubted"));
  assert.deepEqual([t.snapshot.isDoubted, t.damaged], [true, []]);
  assert.equal(await t.ask(), "not_deployed");
  assert.deepEqual(t.damaged, ["Error: doubted"]);
  t.snapshot.replace(versionIn("/second"));
  const asked = t.ask();
  await until(() => t.cell()?.steps.length > 0);
  t.cell().complete(StepResult.DONE);
  await asked;
  assert.deepEqual([t.snapshot.isDoubted, t.damaged.length], [false, 1]);
  await t.close();
});

Deno.test("a function is served by its tenant's next cell, however many of its steps the one before left undone", async () => {
  const t = setUp();
  const asked = Array.from({ length: 20 }, t.ask);
  await until(() => t.cell()?.steps.length > 0);
  t.cell().die();
  assert.deepEqual(await Promise.all(asked), new Array(20).fill("crash"));
  let isOver = false;
  const next = t.ask().finally(() => isOver = true);
  await until(() => isOver || t.nextCell() !== undefined);
  assert.equal(isOver, false);
  t.nextCell()!.complete(StepResult.DONE);
  await next;
  await t.close();
});

Deno.test("a request waits for a cell that crashed before for half of its time, or is refused at once and told when to come", async () => {
  const t = setUp();
  for (let crash = 1; crash <= 4; crash++) {
    const asked = t.ask();
    await until(() => t.busy() !== undefined);
    t.busy()!.die();
    assert.equal(await asked, "crash");
  }
  // The fifth is started 400 ms after the fourth.
  const refused = await t.request(799);
  assert.ok(refused.code === "overload" && refused.status === 503 && refused.retryAfterS === 1);
  const patient = t.request(800);
  await until(() => t.busy() !== undefined);
  t.busy()!.complete(StepResult.DONE);
  assert.notEqual((await patient).code, "overload");
  await t.close();
});
