import assert from "node:assert/strict";
import { Resolver } from "./resolver.ts";

class FakeClock {
  ms = 0;
  now = () => this.ms;
  monotonic = () => this.ms;
}

/** Answers when the test says so. */
class FakeLookup {
  readonly open: PromiseWithResolvers<readonly string[]>[] = [];
  readonly lookup = (_name: string) => {
    const asked = Promise.withResolvers<readonly string[]>();
    this.open.push(asked);
    return asked.promise;
  };
}

const askerOf = (tenant: string, name = "asks") => ({ function: { tenant, name } });
const HOME_ASKER = askerOf("home");
const ACME = askerOf("acme");

/** Whatever was set off has happened. */
const settled = () => new Promise((resolve) => setTimeout(resolve));

Deno.test("a name is asked for once, and again when its time is over", async () => {
  const clock = new FakeClock();
  let asked = 0;
  const resolver = new Resolver({ clock, lookup: () => Promise.resolve([`1.1.1.${++asked}`]), keepMs: 1000 });
  const both = await Promise.all([
    resolver.resolve(HOME_ASKER, "a.example"),
    resolver.resolve(HOME_ASKER, "a.example"),
  ]);
  assert.deepEqual(both, [["1.1.1.1"], ["1.1.1.1"]]);
  clock.ms = 1000;
  assert.deepEqual(await resolver.resolve(HOME_ASKER, "a.example"), ["1.1.1.2"]);
});

Deno.test("a failure is not kept", async () => {
  let asked = 0;
  const lookup = () => ++asked === 1 ? Promise.reject(new Error("not now")) : Promise.resolve(["1.1.1.1"]);
  const resolver = new Resolver({ clock: new FakeClock(), lookup });
  await assert.rejects(resolver.resolve(HOME_ASKER, "a.example"), /not now/);
  assert.deepEqual(await resolver.resolve(HOME_ASKER, "a.example"), ["1.1.1.1"]);
});

Deno.test("slow names hold up their own tenant alone", async () => {
  const slow = new FakeLookup();
  const resolver = new Resolver({ clock: new FakeClock(), lookup: slow.lookup, mostPerTenant: 2 });
  const answers = ["a", "b", "c"].map((name) => resolver.resolve(ACME, `${name}.example`));
  await settled();
  assert.equal(slow.open.length, 2);
  const other = resolver.resolve(HOME_ASKER, "a.example");
  await settled();
  assert.equal(slow.open.length, 3);
  slow.open[2].resolve(["2.2.2.2"]);
  assert.deepEqual(await other, ["2.2.2.2"]);
  slow.open[0].reject(new Error("no answer"));
  await assert.rejects(answers[0], /no answer/);
  await settled();
  assert.equal(slow.open.length, 4);
  slow.open[1].resolve(["1.1.1.2"]);
  slow.open[3].resolve(["1.1.1.3"]);
  assert.deepEqual(await Promise.all(answers.slice(1)), [["1.1.1.2"], ["1.1.1.3"]]);
});

Deno.test("what a sandbox that is gone had waiting is never asked for", async () => {
  const slow = new FakeLookup();
  const resolver = new Resolver({ clock: new FakeClock(), lookup: slow.lookup, mostPerFunction: 2 });
  const answers = Array.from({ length: 500 }, (_, i) => resolver.resolve(HOME_ASKER, `${i}.example`));
  resolver.forget(HOME_ASKER);
  const settledAnswers = Promise.allSettled(answers);
  for (const { resolve } of slow.open) resolve(["1.1.1.1"]);
  assert.equal((await settledAnswers).filter(({ status }) => status === "fulfilled").length, 2);
  assert.equal(slow.open.length, 2);
});

Deno.test("a function with many slow names does not keep the tenant's others from theirs", async () => {
  const slow = new FakeLookup();
  const resolver = new Resolver({
    clock: new FakeClock(),
    lookup: slow.lookup,
    mostPerTenant: 2,
    mostPerFunction: 1,
  });
  for (let i = 0; i < 100; i++) resolver.resolve(HOME_ASKER, `${i}.example`).catch(() => {});
  const modest = resolver.resolve(askerOf("home", "modest"), "modest.example");
  slow.open[1].resolve(["2.2.2.2"]);
  assert.deepEqual(await modest, ["2.2.2.2"]);
});

Deno.test("the names that wait are bounded", async () => {
  const resolver = new Resolver({ clock: new FakeClock(), lookup: new FakeLookup().lookup });
  const answers = Array.from({ length: 2000 }, (_, i) => resolver.resolve(HOME_ASKER, `${i}.example`));
  for (const answer of answers) answer.catch(() => {});
  await assert.rejects(answers.at(-1)!, /too many calls waiting/);
});

Deno.test("a name that takes too long is given up, and keeps its place until the system gives it up", async () => {
  const slow = new FakeLookup();
  const options = { clock: new FakeClock(), lookup: slow.lookup, mostPerFunction: 1, mostMs: 1 };
  const resolver = new Resolver(options);
  await assert.rejects(resolver.resolve(HOME_ASKER, "a.example"), /nobody has answered/);
  const next = resolver.resolve(HOME_ASKER, "b.example");
  await settled();
  assert.equal(slow.open.length, 1);
  slow.open[0].resolve([]);
  await settled();
  slow.open[1].resolve(["1.1.1.1"]);
  assert.deepEqual(await next, ["1.1.1.1"]);
});
