import assert from "node:assert/strict";
import { Telling } from "../../../ffi/layout.ts";
import { telling } from "../../../tests/fakes/fake_cell.ts";
import { TellingError, Tellings } from "./tellings.ts";

function setUp() {
  const heard: unknown[] = [];
  const tellings = new Tellings({
    reply: (reply) => heard.push(reply),
    log: (id, level, text) => heard.push({ id, level, text }),
    damaged: (object) => heard.push(object),
  });
  return { heard, tellings };
}

Deno.test("what a cell tells is put together, however its bytes come", () => {
  const all = new Uint8Array([
    0,
    ...telling({ telling: Telling.REPLY, id: 7, error: -2, sandbox: 3, generation: 4, tcpPort: 80, text: "no" }),
    0,
    0,
    ...telling({ telling: Telling.LOG, id: 9, level: 2, text: "hällo" }),
    ...telling({ telling: Telling.DAMAGED, id: 5 }),
  ]);
  for (const size of [1, 2, 3, 27, 28, 29, 1000]) {
    const { heard, tellings } = setUp();
    for (let at = 0; at < all.length; at += size) tellings.take(all.subarray(at, at + size));
    assert.deepEqual(heard, [
      { id: 7, error: -2, sandbox: 3, generation: 4, tcpPort: 80, text: "no" },
      { id: 9, level: "warn", text: "hällo" },
      5,
    ]);
  }
});

Deno.test("what is no telling, or has more text than any, is refused", () => {
  assert.throws(() => setUp().tellings.take(telling({ telling: 4 })), TellingError);
  assert.throws(() => setUp().tellings.take(telling({ telling: 1, textBytes: 16_385 })), TellingError);
  assert.throws(() => setUp().tellings.take(telling({ telling: 1, textBytes: 0xffffffff })), TellingError);
});

Deno.test("random bytes are understood or refused, never more than that", () => {
  for (let round = 0; round < 200; round++) {
    const { tellings } = setUp();
    const bytes = crypto.getRandomValues(new Uint8Array(512)).map((byte, at) => at % 28 === 0 ? byte & 3 : byte);
    try {
      for (let at = 0; at < bytes.length; at += 50) tellings.take(bytes.subarray(at, at + 50));
    } catch (error) {
      assert.ok(error instanceof TellingError);
    }
  }
});
