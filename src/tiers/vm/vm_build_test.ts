import assert from "node:assert/strict";
import { constants } from "node:os";
import { CellOperation, StepResult, Telling } from "../../../ffi/layout.ts";
import { artifactOf, fakeBuilds } from "../../../tests/fakes/fake_builds.ts";
import { type Answer, type FakeCell, telling } from "../../../tests/fakes/fake_cell.ts";
import { type Artifact, BuildError, PassingError } from "../tier.ts";
import { readVersion } from "./version_snapshot.ts";
import { VmBuild } from "./vm_build.ts";

const { ENOMEM, EINVAL, ETIMEDOUT } = constants.errno;
const NOW_MS = 5;
const PORT = 8080;
const NS_PER_MS = 1e6;

/** A build of the artifact in cells that answer so. */
async function setUp(answer?: Answer, artifact: Artifact = artifactOf("f")) {
  const clock = { now: () => NOW_MS, monotonic: () => NOW_MS };
  const builds = await fakeBuilds({ clock, onTrouble: () => {}, answer });
  const folder = await Deno.makeTempDir();
  const logged: string[] = [];
  const stop = new AbortController();
  const { options, starter, processes } = builds;
  return {
    ...builds,
    folder,
    logged,
    stop,
    build: () =>
      VmBuild.run(options, {
        artifact,
        folder,
        to: folder,
        files: { pack: null, views: [] },
        log: ({ text }) => logged.push(text),
        signal: stop.signal,
      }),
    /** The cells that were made a tenant's. */
    started: () => processes.filter(({ requests }) => requests.length > 0),
    close: () => starter.close(),
  };
}

const operations = ({ requests }: FakeCell) => requests.map(({ operation }) => operation);
const until = async (isTrue: () => boolean) => {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 1));
};

/** Answers what boots, by hand. */
const booting = (boot: (cell: FakeCell, id: number) => void): Answer => ({ operation, id }, cell) => {
  if (operation !== CellOperation.BOOT) return 0;
  boot(cell, id);
  return null;
};
const booted = (cell: FakeCell, id: number, tcpPort = PORT) =>
  cell.tell(telling({ telling: Telling.REPLY, id, sandbox: 7, generation: 1, tcpPort }));
const prints = (cell: FakeCell, id: number, text: string) =>
  cell.tell(telling({ telling: Telling.LOG, id, level: 1, text }));

Deno.test("what is made of a program can be loaded, and its cell ends", async () => {
  const t = await setUp(booting(booted));
  const { kind, record } = await t.build();
  assert.equal(kind, "server");
  const stored = await readVersion(t.folder, { ...t.options, known: [] });
  assert.deepEqual(stored.record, record);
  assert.deepEqual([stored.tcpPort, stored.record.madeAtMs, stored.parent], [PORT, NOW_MS, null]);
  assert.equal(await Deno.readTextFile(stored.file), "snapshot 1");
  const [cell, ...others] = t.started();
  assert.deepEqual(operations(cell), [CellOperation.START, CellOperation.BOOT, CellOperation.TAKE]);
  assert.equal(others.length, 0);
  await until(() => cell.hasEnded);
  await t.close();
});

Deno.test("a program that listens elsewhere is told so", async () => {
  const t = await setUp(booting((cell, id) => booted(cell, id, 3000)));
  await t.build();
  assert.match(t.logged.join(), /It listens on port 3000, not on \$PORT/);
  await t.close();
});

Deno.test("what a program printed before it failed is part of why", async () => {
  const t = await setUp(booting((cell, id) => {
    prints(cell, id, "no such table: users");
    cell.reply(id, -EINVAL, "The program ended");
  }));
  await assert.rejects(t.build(), new BuildError("The program ended\nno such table: users"));
  assert.deepEqual(t.logged, ["no such table: users"]);
  await until(() => t.started()[0].hasEnded);
  await t.close();
});

Deno.test("a program that never waits for a request is told its time", async () => {
  const t = await setUp(booting((cell, id) => cell.reply(id, -ETIMEDOUT, "It takes longer than its buildTimeoutMs")));
  await assert.rejects(t.build(), new BuildError("It takes longer than its buildTimeoutMs of 1000"));
  await t.close();
});

Deno.test("what the machine has too little of is no fault of the program's", async () => {
  const t = await setUp(({ operation }) => operation === CellOperation.TAKE ? -ENOMEM : 0);
  await assert.rejects(t.build(), PassingError);
  await t.close();
});

Deno.test("a build whose cell dies may be tried again", async () => {
  const t = await setUp(booting((cell) => cell.die()));
  await assert.rejects(t.build(), PassingError);
  await t.close();
});

Deno.test("a build that is stopped ends its cell, and is no failure of the program's", async () => {
  const t = await setUp(({ operation }) => operation === CellOperation.BOOT ? null : 0);
  const built = t.build();
  built.catch(() => {});
  await until(() => t.started()[0]?.requests.at(-1)?.operation === CellOperation.BOOT);
  t.stop.abort(new Error("it was removed"));
  await assert.rejects(built, /it was removed/);
  await until(() => t.started()[0].hasEnded);
  await t.close();
});

Deno.test("a build that was stopped before it began starts no cell", async () => {
  const t = await setUp();
  t.stop.abort(new Error("it was removed"));
  await assert.rejects(t.build(), /it was removed/);
  assert.equal(t.started().length, 0);
  await t.close();
});

Deno.test("a function whose runtime cannot be loaded gets another, which is made for it", async () => {
  const refused = new Set<string>();
  const t = await setUp(
    ({ operation, file }) => operation === CellOperation.LOAD && refused.has(file!) ? -EINVAL : 0,
    artifactOf("f", "python"),
  );
  const damaged = await t.runtimes.get("python");
  refused.add(damaged.file);
  const built = t.build();
  built.catch(() => {});
  const cell = () => t.started().find(({ steps }) => steps.length > 0);
  await until(() => cell() !== undefined);
  const loads = cell()!.requests.filter(({ operation }) => operation === CellOperation.LOAD).map(({ file }) => file);
  assert.deepEqual(loads, [damaged.file, (await t.runtimes.get("python")).file]);
  assert.notEqual(loads[0], loads[1]);
  await assert.rejects(t.runtimes.find(damaged.id), Deno.errors.NotFound);
  // It crashes where its module is evaluated.
  cell()!.complete(StepResult.TRAP);
  await assert.rejects(built, BuildError);
  await t.close();
});

for (const { cpuMs, error } of [{ cpuMs: 50, error: PassingError }, { cpuMs: 200, error: BuildError }]) {
  Deno.test(`a module that is late and computed for ${cpuMs} ms of a second's time: ${error.name}`, async () => {
    const t = await setUp(undefined, artifactOf("f", "python"));
    const built = t.build();
    built.catch(() => {});
    const cell = () => t.started().find(({ steps }) => steps.length > 0);
    await until(() => cell() !== undefined);
    cell()!.complete(StepResult.DEADLINE, { runNs: 1000 * NS_PER_MS, cpuNs: cpuMs * NS_PER_MS });
    await assert.rejects(built, error);
    await t.close();
  });
}

Deno.test("a machine that lacks a runtime says so, and may have it later", async () => {
  const t = await setUp(undefined, artifactOf("f", "js"));
  await assert.rejects(t.build(), /Cannot run it here: Cannot use the runtime deno: this server has none/);
  await assert.rejects(t.build(), PassingError);
  await t.close();
});
