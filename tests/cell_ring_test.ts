import assert from "node:assert/strict";
import { LAYOUT, SLOT, StepResult } from "../ffi/layout.ts";
import { Ring } from "../ffi/ring.ts";
import { type HostileCell, startCell } from "./harness/hostile_cell.ts";
import { WITHOUT_KVM as ignore } from "./harness/vm.ts";

/** What a cell that is taken over writes where the server reads. */

/** Steps that are out, of which the last is lied about. */
async function lie(cell: HostileCell, name: string): Promise<{ ring: Ring; results: number[] }> {
  const ring = new Ring(cell.process, cell.process.memory);
  const results: number[] = [];
  const slots = [ring.take(), ring.take(), ring.take()];
  ring.release(slots.shift()!);
  for (const slot of slots) {
    ring.set(slot, SLOT.inLength, 4);
    ring.submit(slot, (slot) => results.push(ring.get(slot, SLOT.result), ring.get(slot, SLOT.outLength)));
  }
  ring.wake();
  assert.equal(await cell.attempt(name), 0);
  return { ring, results };
}

const LIES = [
  ...["a slot that there is not", "a slot far away", "a slot that is not in flight", "a step twice"],
  ...["more than there are", "a tail that goes back", "too long an answer", "an endless answer"],
  ...["a result that is none", "a result of another engine", "an error that is none", "a start that is none"],
];

Deno.test("a step that is complete comes out of the ring", { ignore }, async () => {
  await using cell = await startCell();
  const { ring, results } = await lie(cell, "no lie");
  assert.equal(ring.drain(), 1);
  assert.deepEqual(results, [StepResult.DONE, "the answer".length]);
  assert.equal(ring.inFlight, 1);
});

for (const name of LIES) {
  Deno.test(`a cell that completes ${name} is killed, and nothing more is believed of it`, { ignore }, async () => {
    await using cell = await startCell();
    const { ring } = await lie(cell, name);
    assert.throws(() => ring.drain(), { code: "EBADMSG" });
    await cell.gone;
    assert.throws(() => ring.drain(), { code: "EPIPE" });
    assert.throws(() => cell.process.send(new Uint8Array(LAYOUT.cellRequestBytes), null), { code: "EPIPE" });
    assert.equal(await cell.end(), "it was killed by SIGKILL");
  });
}

Deno.test("what the server wrote into a cell's ring is its own to know: a cell that changes it changes nothing", {
  ignore,
}, async () => {
  await using cell = await startCell();
  const { ring, results } = await lie(cell, "the server's own fields");
  assert.equal(ring.drain(), 1);
  assert.deepEqual(results, [StepResult.DONE, "the answer".length]);
  const slot = ring.take();
  assert.deepEqual([ring.get(slot, SLOT.snapshot), ring.get(slot, SLOT.inLength)], [0, 4]);
  ring.submit(slot, () => {});
  assert.ok(ring.waiting <= LAYOUT.cellSlots);
  assert.equal(ring.cancel(slot), true);
});

Deno.test("a length that changes while it is read is either believed or not, and never both", { ignore }, async () => {
  for (let round = 0; round < 20; round++) {
    await using cell = await startCell();
    const { ring, results } = await lie(cell, "one length and then another");
    const refused = await Promise.try(() => ring.drain()).then(() => null, (error) => error.code);
    if (refused === null) assert.ok([10, 16].includes(results[1]), `${results[1]}`);
    else assert.equal(refused, "EBADMSG");
  }
});
