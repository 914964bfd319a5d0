import assert from "node:assert/strict";
import { until } from "../../tests/harness/until.ts";
import { BuildQueue } from "./build_queue.ts";

interface Job {
  readonly tenant: string;
  readonly name: string;
}

const job = (tenant: string, name: string): Job => ({ tenant, name });

/** A queue whose builds end when the test says so. */
function queue(most: number, patienceMs = 1e9) {
  const log: string[] = [];
  const running = new Map<string, PromiseWithResolvers<void>>();
  const builds = new BuildQueue<Job>({ most, patienceMs }, async ({ name }, signal) => {
    log.push(name);
    const end = Promise.withResolvers<void>();
    running.set(name, end);
    signal.addEventListener("abort", () => end.resolve());
    await end.promise;
    if (signal.aborted) log.push(`${name} aborted`);
  });
  const finish = async (name: string) => {
    running.get(name)!.resolve();
    await new Promise((resolve) => setTimeout(resolve, 0));
  };
  return { builds, log, finish };
}

Deno.test("so many run at once, the others in turn", async () => {
  const { builds, log, finish } = queue(2);
  for (const name of ["a", "b", "c"]) builds.add(job("home", name));
  assert.deepEqual(log, ["a", "b"]);
  await finish("b");
  assert.deepEqual(log, ["a", "b", "c"]);
  await finish("a");
  await finish("c");
  await builds.idle;
});

Deno.test("tenants take turns", async () => {
  const { builds, log, finish } = queue(1);
  for (const name of ["h1", "h2", "h3"]) builds.add(job("home", name));
  for (const name of ["a1", "a2"]) builds.add(job("acme", name));
  for (const name of ["h1", "h2", "a1", "h3", "a2"]) await finish(name);
  assert.deepEqual(log, ["h1", "h2", "a1", "h3", "a2"]);
});

Deno.test("what is asked for twice before it began is done once", async () => {
  const { builds, log, finish } = queue(1);
  const [first, second] = [job("home", "first"), job("home", "second")];
  for (const asked of [first, second, second, second]) builds.add(asked);
  await finish("first");
  await finish("second");
  await builds.idle;
  assert.deepEqual(log, ["first", "second"]);
});

Deno.test("a newer change aborts the build that runs, and builds again after it", async () => {
  const { builds, log, finish } = queue(2);
  const a = job("home", "a");
  builds.add(a);
  builds.add(a);
  assert.deepEqual(log, ["a"]);
  await finish("a");
  assert.deepEqual(log, ["a", "a aborted", "a"]);
  await finish("a");
  await builds.idle;
});

Deno.test("nothing begins after the end", async () => {
  const { builds, log } = queue(1);
  builds.add(job("home", "a"));
  builds.add(job("home", "b"));
  await builds.close();
  builds.add(job("home", "c"));
  assert.deepEqual(log, ["a", "a aborted"]);
});

const logged = (log: readonly string[], line: string) => until(`${line} is in the log`, () => log.includes(line));

Deno.test("builds that do not end hold up one another, and nobody else", async () => {
  const { builds, log, finish } = queue(1, 1);
  const endless = Array.from({ length: 4 }, (_, n) => job("home", `endless ${n}`));
  for (const asked of [...endless, job("home", "plain")]) builds.add(asked);
  await logged(log, "plain");
  // The first went on beside the others, the others gave their places up.
  assert.equal(log.includes("endless 0 aborted"), false);
  for (const n of [1, 2, 3]) assert.ok(log.includes(`endless ${n} aborted`), `${n}`);
  await finish("plain");
  assert.equal(builds.has(endless[3]), true);

  log.length = 0;
  for (const { name } of endless) await finish(name);
  assert.deepEqual(log, ["endless 1", "endless 2", "endless 3"]);
  await builds.idle;
});

Deno.test("a slow build keeps its place while nobody waits", async () => {
  const { builds, log, finish } = queue(1, 1);
  builds.add(job("home", "slow"));
  await new Promise((resolve) => setTimeout(resolve, 10));
  builds.add(job("home", "next"));
  await logged(log, "next");
  assert.deepEqual(log, ["slow", "next"]);
  await finish("slow");
  await finish("next");
  await builds.idle;
});

Deno.test("what gave its place up and is changed begins with the quick ones again", async () => {
  const { builds, log, finish } = queue(1, 1);
  const [first, second] = [job("home", "first"), job("home", "second")];
  builds.add(first);
  builds.add(second);
  builds.add(job("home", "third"));
  await logged(log, "third");
  log.length = 0;
  builds.add(second);
  await finish("third");
  assert.deepEqual(log, ["second"]);
  await finish("second");
  await finish("first");
  await builds.idle;
});

Deno.test("nothing that gave its place up begins after the end", async () => {
  const { builds, log } = queue(1, 1);
  for (const name of ["a", "b", "c"]) builds.add(job("home", name));
  await logged(log, "c");
  await builds.close();
  assert.equal(log.filter((line) => !line.endsWith("aborted")).length, 3);
});
