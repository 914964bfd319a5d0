import assert from "node:assert/strict";
import { folderFiles, sharedServer } from "./harness.ts";
import { traces } from "./functions/state/traces/[what].ts";

const shared = sharedServer({ files: folderFiles("functions/state") });

for (const [what, { clean }] of Object.entries(traces)) {
  Deno.test(`${what} of one request is not seen by the next`, async () => {
    const { server } = shared;
    const path = `/traces/${encodeURIComponent(what)}`;
    const starts: (string | null)[] = [];
    for (let round = 0; round < 5; round++) {
      // Its own answer may suffer from what it did: only the next one's must not.
      await server.call(path, { method: "POST" });
      const seen = await server.call(path);
      assert.equal(seen.text, JSON.stringify(clean));
      starts.push(seen.headers.get("x-mayfly-start"));
    }
    // Else it says nothing: a sandbox that nobody used before has no traces anyway.
    assert.ok(starts.includes("warm"), `${starts}`);
  });
}

Deno.test("all of them at once, from many callers, leave nothing either", async () => {
  const { server } = shared;
  const names = Object.keys(traces);
  await Promise.all(Array.from({ length: 200 }, async (_, n) => {
    const what = names[n % names.length];
    const path = `/traces/${encodeURIComponent(what)}`;
    if (n % 3 === 0) await server.call(path, { method: "POST" });
    else assert.equal((await server.call(path)).text, JSON.stringify(traces[what].clean), what);
  }));
});

interface Fresh {
  random: number[];
  bytes: string;
  uuid: string;
  now: number;
  performance: number;
  origin: number;
  initial: { random: number; now: number; origin: number };
}

Deno.test("randomness is fresh in every request", async () => {
  const { server } = shared;
  const all: Fresh[] = [];
  for (let n = 0; n < 30; n++) all.push((await server.call("/fresh")).json());
  assert.equal(new Set(all.flatMap(({ random }) => random)).size, 60);
  assert.ok(!all.some(({ random, initial }) => random.includes(initial.random)));
  assert.equal(new Set(all.map(({ bytes }) => bytes)).size, 30);
  assert.equal(new Set(all.map(({ uuid }) => uuid)).size, 30);
});

Deno.test("clocks tell the time of the request, not that of init", async () => {
  const { server } = shared;
  let last = 0;
  for (let n = 0; n < 5; n++) {
    const before = Date.now();
    const fresh = (await server.call("/fresh")).json<Fresh>();
    assert.ok(before <= fresh.now && fresh.now <= Date.now(), `${before} ${fresh.now}`);
    assert.ok(fresh.now > fresh.initial.now);
    assert.ok(fresh.now >= last);
    // What performance counts from its origin is the same time.
    assert.ok(Math.abs(fresh.origin + fresh.performance - fresh.now) < 1000, JSON.stringify(fresh));
    assert.ok(fresh.performance >= 0);
    last = fresh.now;
  }
});

Deno.test("memory grown to its limit is all there for the next request", async () => {
  const { server } = shared;
  const counts = new Set<string>();
  for (let n = 0; n < 5; n++) counts.add((await server.call("/grow")).text);
  assert.equal(counts.size, 1, `${[...counts]}`);
  assert.ok(Number([...counts][0]) >= 16, `${[...counts]}`);
});

Deno.test("memory that one request wrote reads as zero for the next", async () => {
  const { server } = shared;
  for (let n = 0; n < 5; n++) {
    assert.equal((await server.call("/secret", { method: "POST", body: "hunter2".repeat(100) })).text, "kept 2000");
    assert.equal((await server.call("/secret")).text, "0");
  }
});
