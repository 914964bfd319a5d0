import assert from "node:assert/strict";
import { join } from "node:path";
import { startSetup } from "../src/setup/setup.ts";
import { LAYOUT, RING, SLOT, StepResult } from "./layout.ts";
import { type EngineOptions, Native, NativeError } from "./native.ts";

const setup = startSetup({ progress: console.log });
const native = new Native((await setup.shim).library);
const engine = await setup.engine;

const OPTIONS: EngineOptions = {
  slots: 8,
  workers: 1,
  longWorkers: 4,
  instances: 8,
  warmInstances: 2,
  inlineUs: 100_000,
  longUs: 2_000,
  verify: true,
};

const codeOf = (error: unknown) => (error as NativeError).code;
const refusal = (code: string) => (error: unknown) => error instanceof NativeError && codeOf(error) === code;

async function withEngine(work: (memory: DataView<ArrayBuffer>) => Promise<void> | void): Promise<void> {
  const memory = new DataView(native.open(OPTIONS, engine.native, engine.base));
  try {
    await work(memory);
  } finally {
    await native.close();
  }
}

/** A step of a new sandbox that gets nothing, so that it has nothing to do. Returns where the slot is. */
function putEmptyStep(memory: DataView, slot: number): number {
  const at = memory.getUint32(RING.slotsOffset, true) + slot * LAYOUT.slotBytes;
  memory.setUint32(at + SLOT.snapshot, LAYOUT.snapshotBase, true);
  memory.setUint32(at + SLOT.sandbox, LAYOUT.newSandbox, true);
  memory.setUint32(at + SLOT.flags, 0, true);
  memory.setUint32(at + SLOT.inLength, 0, true);
  memory.setBigUint64(at + SLOT.deadlineNs, native.nowNs() + 60_000_000_000n, true);
  memory.setBigUint64(at + SLOT.cpuLeftNs, 60_000_000_000n, true);
  return at;
}

Deno.test("the wasmtime library is the one that the shim was written for", () => {
  assert.equal(native.wasmtimeVersion(), "50");
});

Deno.test("a step that a worker runs wakes the parked server", () =>
  withEngine(async (memory) => {
    const dir = await Deno.makeTempDir();
    const wake = await native.connectWake(join(dir, "wake"));
    const at = putEmptyStep(memory, 3);
    assert.equal(native.park(0), false);
    native.submit(3);
    assert.equal(await wake.read(new Uint8Array(8)), 1);
    assert.equal(memory.getUint32(RING.queueTail, true), 1);
    assert.equal(memory.getUint32(memory.getUint32(RING.queueOffset, true), true), 3);
    assert.equal(memory.getUint32(at + SLOT.result, true), StepResult.PARKED);
    assert.equal(native.park(0), true, "something is complete that was not read");
    wake.close();
    await Deno.remove(dir, { recursive: true });
  }));

Deno.test("an inline run is complete on return, on the server's own thread", () =>
  withEngine((memory) => {
    const at = putEmptyStep(memory, 0);
    assert.equal(native.runInline(0), true);
    assert.equal(memory.getUint32(at + SLOT.result, true), StepResult.PARKED);
    assert.equal(native.stats().inlineSteps, 1);
    assert.equal(native.stats().instancesParked, 1);
  }));

Deno.test("an engine of another process's making is refused with its reason", () => {
  const torn = engine.base.slice(0, 5000);
  assert.throws(() => native.open(OPTIONS, engine.native, torn), {
    name: "NativeError",
    message: "Cannot start the engine: the base image is not one of this engine",
  });
  assert.throws(() => native.open({ ...OPTIONS, slots: 0 }, engine.native, engine.base), refusal("EINVAL"));
  assert.throws(() => native.open(OPTIONS, new Uint8Array(100), engine.base), refusal("ENOSYS"));
});

Deno.test("calls of an engine that is not open, or is open already, are refused", async () => {
  assert.throws(() => native.submit(0), refusal("ENODEV"));
  assert.throws(() => native.stats(), refusal("ENODEV"));
  await assert.rejects(native.close(), refusal("ENODEV"));
  await withEngine(() => {
    assert.throws(() => native.open(OPTIONS, engine.native, engine.base), refusal("EALREADY"));
    assert.throws(() => native.submit(OPTIONS.slots), refusal("EINVAL"));
    assert.equal(native.cancel(0), false);
  });
});

Deno.test("bytes that are no image of this base are no snapshot", () =>
  withEngine(() => {
    assert.throws(() => native.snapshotLoad(new Uint8Array(0)), refusal("EBADMSG"));
    assert.throws(() => native.snapshotLoad(new Uint8Array(8192)), refusal("EBADMSG"));
    assert.throws(() => native.snapshotLoad(engine.base), refusal("ESTALE"));
    assert.throws(() => native.snapshotDrop(7), refusal("ENOENT"));
  }));

Deno.test("a sandbox that is not held cannot be frozen", () =>
  withEngine(async () => {
    await assert.rejects(native.freeze(0, 1), refusal("ESTALE"));
  }));

Deno.test("a file is mirrored with what is known of it; what is no plain file is refused by kind", async () => {
  const dir = await Deno.makeTempDir();
  const root = native.rootOpen(dir);
  try {
    await Deno.writeTextFile(join(dir, "a.ts"), "export default 1;");
    await Deno.symlink("a.ts", join(dir, "link.ts"));
    await Deno.link(join(dir, "a.ts"), join(dir, "hard.ts"));
    const to = join(dir, "copy");
    await assert.rejects(native.mirrorFile(root, "link.ts", to, 1000), refusal("ELOOP"));
    await assert.rejects(native.mirrorFile(root, "hard.ts", to, 1000), refusal("EMLINK"));
    await Deno.remove(join(dir, "hard.ts"));
    await assert.rejects(native.mirrorFile(root, "a.ts", to, 3), refusal("EFBIG"));
    await assert.rejects(native.mirrorFile(root, "../a.ts", to, 1000), refusal("EXDEV"));
    await assert.rejects(native.mirrorFile(root, "a.ts\0.ts", to, 1000), refusal("EINVAL"));
    const { size, inode } = await native.mirrorFile(root, "a.ts", to, 1000);
    assert.equal(size, 17);
    assert.equal(inode, BigInt((await Deno.stat(join(dir, "a.ts"))).ino!));
    assert.equal(await Deno.readTextFile(to), "export default 1;");
  } finally {
    native.rootClose(root);
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("V8's own traps work beside the engine's", () =>
  withEngine((memory) => {
    // (module (memory 1 1) (func (export "load") (param i32) (result i32) local.get 0 i32.load))
    const loads = Uint8Array.of(
      ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 6, 1, 96, 1, 127, 1, 127, 3, 2, 1, 0, 5, 4, 1, 1, 1, 1],
      ...[7, 8, 1, 4, 108, 111, 97, 100, 0, 0, 10, 9, 1, 7, 0, 32, 0, 40, 2, 0, 11],
    );
    const { load } = new WebAssembly.Instance(new WebAssembly.Module(loads)).exports as { load(at: number): number };
    for (let i = 0; i < 20; i++) {
      assert.throws(() => load(0x7fffffff), WebAssembly.RuntimeError);
      putEmptyStep(memory, 0);
      // With a budget of nothing: the guest is killed by a fault in its memory, or was quicker.
      native.runInline(0);
      assert.throws(() => load(0x7fffffff), WebAssembly.RuntimeError);
    }
  }));
