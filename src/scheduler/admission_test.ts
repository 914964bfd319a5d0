import assert from "node:assert/strict";
import { Admission, Gate, TenantGate, type Waiter } from "./admission.ts";

const server = { concurrency: 100, queue: 100, memoryBytes: 1000 };

function tenant(name = "home", limits = { concurrency: 50, queue: 100 }): TenantGate {
  return new TenantGate(name, limits);
}

function waiter(order: string[], name: string): Waiter {
  return { admit: () => order.push(name) };
}

Deno.test("a function runs up to its limit, then queues, then is refused", () => {
  const admission = new Admission(server);
  const gate = new Gate(tenant(), { concurrency: 2, queue: 1 });
  assert.ok(admission.tryEnter(gate));
  assert.ok(admission.tryEnter(gate));
  assert.ok(!admission.tryEnter(gate));
  assert.equal(admission.wait(gate, waiter([], "a")), null);
  assert.equal(admission.wait(gate, waiter([], "b")), "function");
});

Deno.test("a refusal names the limit that is reached", () => {
  const admission = new Admission({ concurrency: 2, queue: 0, memoryBytes: 1000 });
  const small = tenant("small", { concurrency: 1, queue: 10 });
  const gate = new Gate(small, { concurrency: 9, queue: 0 });
  assert.ok(admission.tryEnter(gate));
  assert.equal(admission.wait(gate, waiter([], "x")), "tenant");
  const other = new Gate(tenant(), { concurrency: 9, queue: 9 });
  assert.ok(admission.tryEnter(other));
  assert.equal(admission.wait(other, waiter([], "x")), "server");
});

Deno.test("nobody overtakes a waiter of the same function", () => {
  const admission = new Admission(server);
  const order: string[] = [];
  const gate = new Gate(tenant(), { concurrency: 1, queue: 9 });
  assert.ok(admission.tryEnter(gate));
  admission.wait(gate, waiter(order, "first"));
  admission.leave(gate, 0);
  assert.deepEqual(order, ["first"]);
  assert.ok(!admission.tryEnter(gate));
});

Deno.test("functions of a tenant, and tenants, are served in turn", () => {
  const admission = new Admission({ concurrency: 1, queue: 100, memoryBytes: 1000 });
  const order: string[] = [];
  const home = tenant();
  const flood = new Gate(home, { concurrency: 9, queue: 99 });
  const quiet = new Gate(home, { concurrency: 9, queue: 99 });
  const foreign = new Gate(tenant("acme"), { concurrency: 9, queue: 99 });
  assert.ok(admission.tryEnter(flood));
  for (let i = 0; i < 4; i++) admission.wait(flood, waiter(order, `flood${i}`));
  admission.wait(quiet, waiter(order, "quiet"));
  admission.wait(foreign, waiter(order, "foreign"));
  for (let i = 0; i < 6; i++) admission.leave(flood, 0);
  assert.deepEqual(order, ["flood0", "foreign", "quiet", "flood1", "flood2", "flood3"]);
});

Deno.test("a waiter that gave up frees its place in the line and is never admitted", () => {
  const admission = new Admission(server);
  const order: string[] = [];
  const gate = new Gate(tenant(), { concurrency: 1, queue: 1 });
  assert.ok(admission.tryEnter(gate));
  const gone = waiter(order, "gone");
  admission.wait(gate, gone);
  admission.giveUp(gate, gone);
  admission.giveUp(gate, gone);
  assert.equal(admission.waiting, 0);
  assert.equal(admission.wait(gate, waiter(order, "next")), null);
  admission.leave(gate, 0);
  assert.deepEqual(order, ["next"]);
});

Deno.test("a waiter that was admitted can give up nothing: nobody behind it is forgotten", () => {
  const admission = new Admission(server);
  const order: string[] = [];
  const gate = new Gate(tenant(), { concurrency: 1, queue: 9 });
  assert.ok(admission.tryEnter(gate));
  const first = waiter(order, "first");
  admission.wait(gate, first);
  admission.leave(gate, 0);
  admission.giveUp(gate, first);
  assert.deepEqual([admission.waiting, gate.tenant.waiting], [0, 0]);
  admission.wait(gate, waiter(order, "second"));
  admission.leave(gate, 0);
  assert.deepEqual(order, ["first", "second"]);
});

Deno.test("sandboxes are admitted as far as the memory reaches, and one always", () => {
  const admission = new Admission(server);
  const order: string[] = [];
  const large = new Gate(tenant(), { concurrency: 9, queue: 9 });
  large.weight = 600;
  assert.ok(admission.tryEnter(large));
  assert.ok(!admission.tryEnter(large));
  admission.wait(large, waiter(order, "second"));
  assert.deepEqual(order, []);
  admission.leave(large, 600);
  assert.deepEqual(order, ["second"]);
  admission.leave(large, 600);
  large.weight = 5000;
  assert.ok(admission.tryEnter(large));
});

Deno.test("one that frees much memory lets several in", () => {
  const admission = new Admission(server);
  const order: string[] = [];
  const large = new Gate(tenant(), { concurrency: 9, queue: 9 });
  large.weight = 1000;
  const small = new Gate(tenant("acme"), { concurrency: 9, queue: 9 });
  small.weight = 400;
  assert.ok(admission.tryEnter(large));
  admission.wait(small, waiter(order, "a"));
  admission.wait(small, waiter(order, "b"));
  admission.wait(small, waiter(order, "c"));
  admission.leave(large, 1000);
  assert.deepEqual(order, ["a", "b"]);
});

Deno.test("whatever comes and goes, the counts return to zero and no limit is passed", () => {
  const admission = new Admission({ concurrency: 7, queue: 9, memoryBytes: 100 });
  const tenants = [tenant("a", { concurrency: 4, queue: 5 }), tenant("b", { concurrency: 5, queue: 5 })];
  const gates = tenants.flatMap((one) => [0, 1, 2].map(() => new Gate(one, { concurrency: 3, queue: 3 })));
  const running: { gate: Gate; weight: number }[] = [];
  const waiting = new Set<{ gate: Gate; waiter: Waiter }>();
  let seed = 7;
  const random = (below: number) => (seed = (seed * 1103515245 + 12345) % 2 ** 31) % below;
  for (let i = 0; i < 20_000; i++) {
    const gate = gates[random(gates.length)];
    gate.weight = 1 + random(40);
    const action = random(3);
    if (action === 0) {
      if (admission.tryEnter(gate)) running.push({ gate, weight: gate.weight });
      else {
        const entry = { gate, waiter: { admit: () => {} } as Waiter };
        entry.waiter.admit = () => {
          waiting.delete(entry);
          running.push({ gate, weight: gate.weight });
        };
        if (admission.wait(gate, entry.waiter) === null) waiting.add(entry);
      }
    } else if (action === 1 && running.length > 0) {
      const [{ gate, weight }] = running.splice(random(running.length), 1);
      admission.leave(gate, weight);
    } else if (waiting.size > 0 && random(4) === 0) {
      const [entry] = waiting;
      waiting.delete(entry);
      admission.giveUp(entry.gate, entry.waiter);
    }
    assert.equal(admission.running, running.length);
    assert.equal(admission.waiting, waiting.size);
    assert.ok(admission.running <= 7 && admission.waiting <= 9);
    for (const one of gates) assert.ok(one.running <= 3 && one.waiting.size <= 3);
    for (const one of tenants) assert.ok(one.running <= 5 && one.waiting <= 5);
  }
  for (const { gate, weight } of running.splice(0)) admission.leave(gate, weight);
  while (running.length > 0) {
    const { gate, weight } = running.pop()!;
    admission.leave(gate, weight);
  }
  assert.deepEqual([admission.running, admission.waiting, admission.weight], [0, 0, 0]);
});

Deno.test("whoever gives up in between, the others are served in their order", () => {
  const admission = new Admission({ concurrency: 1000, queue: 1000, memoryBytes: 1000 });
  const gate = new Gate(tenant("home", { concurrency: 500, queue: 500 }), { concurrency: 1, queue: 500 });
  assert.ok(admission.tryEnter(gate));
  const served: string[] = [];
  let expected: { name: string; waiter: Waiter }[] = [];
  const order: string[] = [];
  for (let at = 0; at < 5000; at++) {
    const dice = Math.random();
    if (dice < 0.5) {
      const entry = { name: `${at}`, waiter: waiter(served, `${at}`) };
      if (admission.wait(gate, entry.waiter) === null) expected.push(entry);
    } else if (dice < 0.75 && expected.length > 0) {
      const [gone] = expected.splice(Math.floor(Math.random() * expected.length), 1);
      admission.giveUp(gate, gone.waiter);
    } else if (expected.length > 0) {
      order.push(expected[0].name);
      expected = expected.slice(1);
      admission.leave(gate, 0);
    }
    assert.equal(gate.waiting.size, expected.length);
  }
  assert.deepEqual(served, order);
});
