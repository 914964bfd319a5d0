import assert from "node:assert/strict";
import { HOME } from "../types.ts";
import { type Host, type HostCaller, hostOf } from "./host.ts";

const caller: HostCaller = {
  function: { tenant: HOME, name: "asks" },
  net: "none",
  requestId: "r",
  deadlineMs: 0,
  charge: () => {},
};

/** Answers with the operation's number, and writes down what happened to it. */
function recorder(name: string, events: string[]): Host {
  return () => {
    events.push(`${name} opened`);
    return {
      call: (operation) => Promise.resolve(Uint8Array.of(operation & 0xff)),
      close: () => events.push(`${name} closed`),
    };
  };
}

Deno.test("an operation goes to its family, whose session is opened once and closed with the sandbox", async () => {
  const events: string[] = [];
  const session = hostOf({ 1: recorder("one", events), 2: recorder("two", events) })(caller);
  assert.deepEqual(await session.call(0x105, new Uint8Array()), Uint8Array.of(5));
  assert.deepEqual(await session.call(0x106, new Uint8Array()), Uint8Array.of(6));
  assert.deepEqual(events, ["one opened"]);
  session.close();
  assert.deepEqual(events, ["one opened", "one closed"]);
});

Deno.test("an operation of no family is refused by its number", async () => {
  const session = hostOf({})(caller);
  for (const operation of [0, 0x100, 0xffffffff]) {
    await assert.rejects(session.call(operation, new Uint8Array()), {
      message: `Cannot do host call ${operation}: there is none of that number`,
    });
  }
});
