import assert from "node:assert/strict";
import { CellOperation, CellProtocol } from "../../../ffi/layout.ts";
import { Objects } from "./objects.ts";
import type { StoredSnapshot, StoredView } from "./stored.ts";

const view = (file: string): StoredView => ({ file });

const snapshotOf = (
  file: string,
  parent: StoredSnapshot | null,
  views: readonly StoredView[] = [],
): StoredSnapshot => ({
  file,
  parent,
  views,
  protocol: CellProtocol.FRAMES,
  tcpPort: 0,
});

/** Objects in a cell that says what it was asked for, and cannot use the files in `bad`. */
function objectsIn(bad: ReadonlySet<string> = new Set()) {
  const names = new Map(Object.entries(CellOperation).map(([name, operation]) => [operation, name]));
  const asked: string[] = [];
  const objects = new Objects((request, file) => {
    const { operation, object, parent, views = [] } = request;
    const uses = [...parent ? [parent] : [], ...views];
    asked.push(
      [names.get(operation), object, ...file ? [file] : [], ...uses.length > 0 ? [`on ${uses}`] : []].join(" "),
    );
    return file && bad.has(file) ? Promise.reject(new Error(`Cannot use ${file}`)) : Promise.resolve();
  }, 1000);
  return { objects, asked: () => asked.splice(0) };
}

const image = view("image");
const runtime = snapshotOf("runtime", null, [image]);
const [one, two] = ["one", "two"].map((name) => snapshotOf(name, runtime));

Deno.test("what snapshots share is brought to a cell once, before them", async () => {
  const { objects, asked } = objectsIn();
  const numbers = await Promise.all([one, two, one].map((stored) => objects.snapshot(stored)));
  assert.equal(numbers[0], numbers[2]);
  assert.notEqual(numbers[0], numbers[1]);
  assert.deepEqual(asked(), ["VIEW 1 image", "LOAD 2 runtime on 1", "LOAD 3 one on 2,1", "LOAD 4 two on 2,1"]);
  assert.equal(objects.byNumber(4), two);
  assert.equal(objects.byNumber(1), null, "a view is no snapshot");
});

Deno.test("what nothing uses any more is dropped, and what something uses stays", async () => {
  const { objects, asked } = objectsIn();
  await objects.snapshot(one);
  await objects.snapshot(two);
  asked();
  objects.drop(one);
  assert.deepEqual(asked(), ["DROP 3"]);
  objects.drop(one);
  assert.deepEqual(asked(), [], "it is gone already");
  objects.drop(two);
  assert.deepEqual(asked().toSorted(), ["DROP 1", "DROP 2", "DROP 4"]);
});

Deno.test("what a cell cannot use is brought again when it is asked for again", async () => {
  const bad = new Set(["runtime"]);
  const { objects, asked } = objectsIn(bad);
  await assert.rejects(objects.snapshot(one), /Cannot use runtime/);
  asked();
  bad.clear();
  assert.equal(objects.byNumber(await objects.snapshot(one)), one);
  const again = asked();
  assert.ok(again.some((request) => /^LOAD \d+ runtime /.test(request)), `${again}`);
});
