import assert from "node:assert/strict";
import { join } from "node:path";
import { CellOperation } from "../../../ffi/layout.ts";
import { fakeStarter } from "../../../tests/fakes/fake_starter.ts";
import { Images } from "./images.ts";
import { Runtimes } from "./runtimes.ts";

const HOUR_MS = 60 * 60 * 1000;

async function setUp() {
  let nowMs = 0;
  const clock = { now: () => nowMs, monotonic: () => nowMs };
  const troubles: string[] = [];
  const onTrouble = (message: string) => troubles.push(message);
  const { starter } = fakeStarter({
    clock,
    onTrouble,
    answer: ({ operation, file }) => {
      if (operation === CellOperation.TAKE) Deno.writeTextFileSync(file!, "what a runtime is");
      return 0;
    },
  });
  const image = { name: "python", key: () => Promise.resolve("k"), imageFiles: () => Promise.resolve([]) };
  const folder = await Deno.makeTempDir();
  const runtimes = await Runtimes.open({
    folder,
    clock,
    starter,
    images: new Images(() => Promise.resolve({ file: "/image", key: "k" })),
    runtimes: [{ image, program: { arguments: ["/python"], environment: [], folder: "/" }, memoryBytes: 1 }],
    engineId: "e",
    onTrouble,
  });
  return { runtimes, troubles, pass: (ms: number) => nowMs += ms, close: () => starter.close() };
}

Deno.test("a runtime that a cell says is damaged is looked at, and stays if it is not", async () => {
  const t = await setUp();
  const runtime = await t.runtimes.get("python");
  assert.equal(await t.runtimes.isWhole(runtime), true);
  assert.match(t.troubles.join(), /A cell says that the runtime python-\S+ is damaged, which it is not/);
  await t.close();
});

Deno.test("a runtime whose file has changed is not whole", async () => {
  const t = await setUp();
  const runtime = await t.runtimes.get("python");
  await Deno.writeTextFile(runtime.file, "what a runtime was");
  assert.equal(await t.runtimes.isWhole(runtime), false);
  await t.close();
});

Deno.test("a cell that says so again and again has a runtime looked at once in a while", async () => {
  const t = await setUp();
  const runtime = await t.runtimes.get("python");
  for (let i = 0; i < 100; i++) assert.equal(await t.runtimes.isWhole(runtime), true);
  assert.equal(t.troubles.length, 1);
  t.pass(120_000);
  assert.equal(await t.runtimes.isWhole(runtime), true);
  assert.equal(t.troubles.length, 2);
  await t.close();
});

Deno.test("what is no runtime is for its own tenant to be believed of", async () => {
  const t = await setUp();
  const runtime = await t.runtimes.get("python");
  assert.equal(await t.runtimes.isWhole({ ...runtime }), false);
  assert.equal(
    await t.runtimes.isWhole({ ...runtime, file: join("/", "version", "snapshot.bin"), parent: runtime }),
    false,
  );
  await t.close();
});

Deno.test("a runtime that is old and that no version needs goes, and another one is made when one is needed", async () => {
  const t = await setUp();
  const first = await t.runtimes.get("python");
  t.pass(26 * HOUR_MS);
  await t.runtimes.sweep(new Set([first.id]));
  assert.equal(await t.runtimes.find(first.id), first);
  await t.runtimes.sweep(new Set());
  await assert.rejects(t.runtimes.find(first.id), Deno.errors.NotFound);
  const second = await t.runtimes.get("python");
  assert.notEqual(second.id, first.id);
  assert.equal(await Deno.readTextFile(second.file), "what a runtime is");
  await t.close();
});
