import assert from "node:assert/strict";
import { join } from "node:path";
import { startSetup } from "../src/setup/setup.ts";
import { RING, SLOT, StepResult } from "./layout.ts";
import { type EngineOptions, Native, NativeError } from "./native.ts";
import { openShim } from "./symbols.ts";
import { putEmptyStep } from "./testing/empty_step.ts";

const setup = startSetup({ progress: console.log });
const { library } = await setup.shim;
const native = new Native(openShim(library));
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

Deno.test("the memory of a process is told, and none of one that is not there", () => {
  assert.ok(native.familyMemory(Deno.pid) > 1 << 20);
  assert.equal(native.familyMemory(2 ** 31 - 1), 0);
});

Deno.test("the wasmtime library is the one that the shim was written for", () => {
  assert.equal(native.wasmtimeVersion(), "50");
});

Deno.test("a step that a worker runs wakes the parked server", () =>
  withEngine(async (memory) => {
    const dir = await Deno.makeTempDir();
    const wake = await native.connectWake(join(dir, "wake"));
    const at = putEmptyStep(native, memory, 3);
    assert.equal(native.park(0), false);
    native.submit(3);
    native.wake();
    assert.equal(await wake.read(new Uint8Array(8)), 1);
    assert.equal(memory.getUint32(RING.queueTail, true), 1);
    assert.equal(memory.getUint32(memory.getUint32(RING.queueOffset, true), true), 3);
    assert.equal(memory.getUint32(at + SLOT.result, true), StepResult.DONE);
    assert.equal(native.park(0), true, "something is complete that was not read");
    wake.close();
    await Deno.remove(dir, { recursive: true });
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

Deno.test("on the server's own thread steps run inline, and V8's traps work beside the engine's", async () => {
  const dir = await Deno.makeTempDir();
  const [code, base] = [join(dir, "native"), join(dir, "base")];
  await Promise.all([Deno.writeFile(code, engine.native), Deno.writeFile(base, engine.base)]);
  const program = new URL("testing/main_thread.ts", import.meta.url).pathname;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", program, library, code, base],
  }).output();
  await Deno.remove(dir, { recursive: true });
  assert.ok(success, new TextDecoder().decode(stderr));
  assert.equal(new TextDecoder().decode(stdout), "50 inline runs, 50 kills, 100 traps\n");
});

Deno.test("a thread with a small stack, such as this one, runs nothing inline", () =>
  withEngine((memory) => {
    putEmptyStep(native, memory, 0);
    assert.equal(native.runInline(0), false);
    assert.equal(native.stats().inlineSteps, 0);
  }));

Deno.test("a port that nobody listens on cannot be bounded, and is named", () => {
  const listener = Deno.listen({ port: 0 });
  const { port } = listener.addr;
  native.boundReceive(port, 1 << 16);
  listener.close();
  assert.throws(() => native.boundReceive(port, 1 << 16), refusal("ENOENT"));
});
