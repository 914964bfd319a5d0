import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LAYOUT } from "../ffi/layout.ts";
import {
  cellTestProgram,
  folder,
  HostileCell,
  hostileProgram,
  openProcess,
  startCell,
  USER,
} from "./harness/hostile_cell.ts";
import { until } from "./harness/until.ts";
import { WITHOUT_KVM as ignore } from "./harness/vm.ts";

/** How cells begin and end. */

const HOLDER = fileURLToPath(new URL("harness/cell_holder.ts", import.meta.url));

Deno.test("the end of a cell is noticed on its stream, however it comes, and said", { ignore }, async () => {
  const endOf = async (attack: string) => {
    await using cell = await startCell();
    assert.equal(await cell.attempt(attack), null);
    return await cell.end();
  };
  assert.equal(await endOf("exit"), "it ended with code 3");
  assert.match(await endOf("crash"), /^it was killed by SIG(ILL|SEGV)$/);
  await using cell = await startCell();
  Deno.kill(cell.process.pid, "SIGKILL");
  await cell.gone;
  assert.equal(await cell.end(), "it was killed by SIGKILL");
});

Deno.test("one cell's end is no other's", { ignore }, async () => {
  await using one = await startCell();
  await using other = await startCell({ user: USER + 1 });
  assert.equal(await one.attempt("kill all"), null);
  assert.equal(await other.attempt("getpid"), 1);
});

Deno.test("a cell that tells without end can be ended while nobody listens", { ignore }, async () => {
  await using cell = await startCell();
  const flood = cell.attempt("flood");
  const stack = `/proc/${cell.process.pid}/wchan`;
  await until("it waits for room", async () => /sock|unix/.test(await Deno.readTextFile(stack)));
  assert.equal(await cell.end(), "it was killed by SIGKILL");
  assert.equal(await flood, null);
});

Deno.test(
  "a cell that reads no request holds nobody up: hundreds find room, more than that are refused",
  { ignore },
  async () => {
    await using cell = await startCell();
    const flood = cell.attempt("flood");
    const request = new Uint8Array(LAYOUT.cellRequestBytes);
    for (let i = 0; i < 200; i++) cell.process.send(request, null);
    assert.throws(() => {
      for (;;) cell.process.send(request, null);
    }, { code: "EAGAIN" });
    await cell.end();
    assert.equal(await flood, null);
  },
);

Deno.test("200 cells leave no process, no descriptor and no socket behind", { ignore }, async () => {
  const descriptors = async () => (await Array.fromAsync(Deno.readDir("/proc/self/fd"))).length;
  const children = () => Deno.readTextFile("/proc/thread-self/children");
  await (await startCell())[Symbol.asyncDispose]();
  const before = [await descriptors(), await children()];
  for (let i = 0; i < 200; i++) await (await startCell())[Symbol.asyncDispose]();
  assert.deepEqual([await descriptors(), await children()], before);
  const left = (await Array.fromAsync(Deno.readDir(folder))).filter(({ name }) => name.endsWith(".sock"));
  assert.deepEqual(left, []);
});

Deno.test(
  "a cell is started with its descriptors, one argument, no environment and a ring of one size",
  { ignore },
  async () => {
    const spawned = await cellTestProgram("spawned", folder);
    const process = await openProcess({ program: spawned });
    const told = await new Response(process.told.readable).text();
    assert.equal(await process.end(), "it ended with code 0");
    assert.equal(
      told,
      [
        "descriptors 0 1 2 3 4 5 6",
        "arguments mayfly-cell",
        "environment 0",
        "ring 1",
        "shorter Operation not permitted",
        "longer Operation not permitted",
        "process 1 of 0, leads 1",
        "folder /",
        "",
      ].join("\n"),
    );
  },
);

Deno.test("what keeps a cell from starting is told", { ignore }, async () => {
  const none = join(folder, "no-such-program");
  await assert.rejects(
    HostileCell.open({ program: none }),
    /Cannot start a cell: it cannot run its program: No such/,
  );
  await assert.rejects(
    HostileCell.open({ program: await hostileProgram(), kvm: join(folder, "no-kvm") }),
    /Cannot start a cell: .*no-kvm cannot be opened: No such file/,
  );
});

Deno.test("a cell ends with its server", { ignore }, async () => {
  const args = ["run", "-A", HOLDER, await hostileProgram()];
  const holder = new Deno.Command(Deno.execPath(), { args, stdout: "piped" }).spawn();
  const { value } = await holder.stdout.pipeThrough(new TextDecoderStream()).getReader().read();
  const [pid] = value!.split("\n");
  assert.equal(await Deno.readTextFile(`/proc/${pid}/comm`), "mayfly-hostile-\n");
  holder.kill("SIGKILL");
  await holder.status;
  await until("the cell is gone", () => Deno.stat(`/proc/${pid}`).then(() => false, () => true));
});

Deno.test(
  "a server that may make no namespaces gives its cell one of users, in which it is nobody",
  { ignore },
  async () => {
    const without = ["--bounding-set=-sys_admin", "--inh-caps=-sys_admin"];
    const holder = [Deno.execPath(), "run", "-A", HOLDER];
    const child = new Deno.Command("setpriv", {
      args: [...without, ...holder, await hostileProgram(), `${USER}`],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const [pid, missing] = (await reader.read()).value!.split("\n");
    const status = await Deno.readTextFile(`/proc/${pid}/status`);
    assert.match(missing, /^a user of its own: /);
    assert.match(status, /^CapBnd:\t0+$/m);
    assert.match(status, /^Seccomp:\t2$/m);
    assert.notEqual(await Deno.readLink(`/proc/${pid}/ns/user`), await Deno.readLink("/proc/self/ns/user"));
    assert.deepEqual(await Array.fromAsync(Deno.readDir(`/proc/${pid}/root`)), []);
    child.kill();
    await child.status;
  },
);
