/**
 * What only a process's first thread has stack enough for: steps that end by themselves and steps that are killed, run
 * inline, with V8's own traps between them.  main_thread.ts LIBRARY NATIVE BASE
 */
import { FrameType, HeadFlag, LAYOUT, RequestString, RING, SLOT, StepFlag, StepResult } from "../layout.ts";
import { Native } from "../native.ts";
import { openShim } from "../symbols.ts";
import { putEmptyStep } from "./empty_step.ts";

const ROUNDS = 50;
const ENDLESS = "export default () => { for (;;); };";
const SETTINGS = {
  ...{ function: { name: "endless", tenant: "home", version: "1" }, mount: "/endless", env: {}, file: "endless.ts" },
  ...{ memoryBytes: 64 << 20, timers: 10, logBytes: 1024 },
};

/** (module (memory 1 1) (func (export "load") (param i32) (result i32) local.get 0 i32.load)) */
const LOADS = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 6, 1, 96, 1, 127, 1, 127, 3, 2, 1, 0, 5, 4, 1, 1, 1, 1],
  ...[7, 8, 1, 4, 108, 111, 97, 100, 0, 0, 10, 9, 1, 7, 0, 32, 0, 40, 2, 0, 11],
);

const [library, nativePath, basePath] = Deno.args;
const native = new Native(openShim(library));
const memory = new DataView(native.open(
  {
    slots: 2,
    workers: 1,
    longWorkers: 1,
    instances: 4,
    warmInstances: 2,
    // Long enough for a step on a busy machine; fifty that never end are killed after it.
    inlineUs: 40_000,
    longUs: 1_000,
    verify: true,
  },
  await Deno.readFile(nativePath),
  await Deno.readFile(basePath),
));
const { load } = new WebAssembly.Instance(new WebAssembly.Module(LOADS)).exports as { load(address: number): number };

function frame(type: number, flags: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(LAYOUT.frameBytes + Math.ceil(payload.length / 4) * 4);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, type);
  view.setUint8(1, flags);
  view.setUint32(4, payload.length, true);
  bytes.set(payload, LAYOUT.frameBytes);
  return bytes;
}

function head(flags: number, context: string): Uint8Array {
  const strings = ["GET", "http://localhost/endless", "", "id", context].map((text) => new TextEncoder().encode(text));
  const lengths = Uint32Array.from({ length: RequestString.STRINGS }, (_, i) => strings[i].length);
  return frame(
    FrameType.HEAD,
    flags,
    Uint8Array.of(...new Uint8Array(lengths.buffer), ...strings.flatMap((s) => [...s])),
  );
}

/** Puts a step with frames into slot 0. Returns where the slot is. */
function putStep(snapshot: number, flags: number, frames: Uint8Array[]): number {
  const at = putEmptyStep(native, memory, 0);
  memory.setUint32(at + SLOT.snapshot, snapshot, true);
  memory.setUint32(at + SLOT.flags, flags, true);
  let length = 0;
  for (const bytes of frames) {
    new Uint8Array(memory.buffer).set(bytes, at + LAYOUT.slotIn + length);
    length += bytes.length;
  }
  memory.setUint32(at + SLOT.inLength, length, true);
  return at;
}

function expect(at: number, result: number): void {
  const got = memory.getUint32(at + SLOT.result, true);
  if (got !== result) throw new Error(`Cannot go on: the step's result is ${got}, wanted is ${result}`);
}

async function deploy(source: string): Promise<number> {
  const at = putStep(LAYOUT.snapshotBase, StepFlag.HOLD, [
    head(HeadFlag.DEPLOY | HeadFlag.HAS_BODY, JSON.stringify(SETTINGS)),
    frame(FrameType.CHUNK, 0, new TextEncoder().encode(source)),
    frame(FrameType.END, 0, new Uint8Array(0)),
  ]);
  native.submit(0);
  native.wake();
  while (memory.getUint32(RING.queueTail, true) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  expect(at, StepResult.DONE);
  const [sandbox, generation] = [SLOT.outSandbox, SLOT.outGeneration].map((field) =>
    memory.getUint32(at + field, true)
  );
  return native.snapshotLoad(await native.freeze(sandbox, generation));
}

function runInline(): void {
  if (!native.runInline(0)) throw new Error("Cannot run inline: the stack is too small");
}

let traps = 0;
function trapInV8(): void {
  try {
    load(0x7fffffff);
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) traps++;
  }
}

const endless = await deploy(ENDLESS);
for (let round = 0; round < ROUNDS; round++) {
  const empty = putEmptyStep(native, memory, 0);
  runInline();
  expect(empty, StepResult.DONE);
  trapInV8();
  const killed = putStep(endless, 0, [head(0, "")]);
  runInline();
  expect(killed, StepResult.INLINE);
  trapInV8();
}
const { inlineSteps, kills, verifyFailures } = native.stats();
if (verifyFailures > 0) throw new Error("Cannot trust the engine: a sandbox was not restored");
await native.close();
console.log(`${inlineSteps - kills} inline runs, ${kills} kills, ${traps} traps`);
