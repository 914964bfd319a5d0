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

/** Whatever was set off has happened. */
const settled = () => new Promise((resolve) => setTimeout(resolve));

Deno.test("a name is asked for once, and again when its time is over", async () => {
  const clock = new FakeClock();
  let asked = 0;
  const resolver = new Resolver({ clock, lookup: () => Promise.resolve([`1.1.1.${++asked}`]), keepMs: 1000 });
  const both = await Promise.all([resolver.resolve("home", "a.example"), resolver.resolve("home", "a.example")]);
  assert.deepEqual(both, [["1.1.1.1"], ["1.1.1.1"]]);
  clock.ms = 1000;
  assert.deepEqual(await resolver.resolve("home", "a.example"), ["1.1.1.2"]);
});

Deno.test("a failure is not kept", async () => {
  let asked = 0;
  const lookup = () => ++asked === 1 ? Promise.reject(new Error("not now")) : Promise.resolve(["1.1.1.1"]);
  const resolver = new Resolver({ clock: new FakeClock(), lookup });
  await assert.rejects(resolver.resolve("home", "a.example"), /not now/);
  assert.deepEqual(await resolver.resolve("home", "a.example"), ["1.1.1.1"]);
});

Deno.test("slow names hold up their own tenant alone", async () => {
  const slow = new FakeLookup();
  const resolver = new Resolver({ clock: new FakeClock(), lookup: slow.lookup, mostPerTenant: 2 });
  const answers = ["a", "b", "c"].map((name) => resolver.resolve("acme", `${name}.example`));
  await settled();
  assert.equal(slow.open.length, 2);
  const other = resolver.resolve("home", "a.example");
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
