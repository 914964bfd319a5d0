import assert from "node:assert/strict";
import { CellOperation } from "../ffi/layout.ts";
import { NativeGroups } from "../ffi/native_groups.ts";
import { openShim } from "../ffi/symbols.ts";
import { systemClock as clock } from "../src/clock.ts";
import { Deadlines } from "../src/deadlines.ts";
import { hostOf } from "../src/host/host.ts";
import { MiB } from "../src/limits.ts";
import { startSetup } from "../src/setup/setup.ts";
import { CellStarter } from "../src/tiers/vm/cell_starter.ts";
import { Cgroups } from "../src/tiers/vm/cgroups.ts";
import { type Answer, expectAnswer, expectError, Server, until } from "./harness.ts";
import { cellOf } from "./harness/cells.ts";
import { hostileProgram, openProcess } from "./harness/hostile_cell.ts";
import { WITHOUT_KVM } from "./harness/vm.ts";

/** What a tenant may have of the machine, tried by guests and by cells that want more. */

const { shim } = startSetup({ progress: console.log });
const files = new NativeGroups(openShim((await shim).library));
const ROOT = 0;
const isRoot = Deno.uid() === ROOT;

async function withGroups<T>(id: string, use: (groups: Cgroups) => Promise<T>): Promise<T> {
  const isGiven = Deno.env.get("MAYFLY_CGROUPS") === "own";
  const onTrouble = (message: string) => assert.fail(message);
  const groups = await Cgroups.open({ files, pid: Deno.pid, id, isRoot, isGiven, cores: 2, onTrouble });
  try {
    return await use(groups);
  } finally {
    await groups.close();
  }
}

const usable = await withGroups("look", (groups) => Promise.resolve(groups.usable));

const GREEDY = `
export const config = { timeoutMs: 30_000, memoryMb: 256 };
const held: Uint8Array[] = [];
export default async (req: Request) => {
  if (new URL(req.url).search !== "?hold") return new Response("well");
  for (let mb = 0; mb < 100; mb++) held.push(new Uint8Array(1 << 20).fill(1));
  await new Promise((resolve) => setTimeout(resolve, 60_000));
  return new Response("never");
};
`;
const SPIN = `
export const config = { timeoutMs: 60_000 };
export default (req: Request) => {
  while (new URL(req.url).search === "?spin");
  return new Response("well");
};
`;

Deno.test(
  "a tenant's microVMs together have its memoryMb and no more: its requests end with 503, others go on",
  { ignore: WITHOUT_KVM },
  async () => {
    await using server = await Server.start({
      files: {
        "mayfly.json": JSON.stringify({ tenants: { greedy: { memoryMb: 512 } } }),
        "@greedy/hold.ts": GREEDY,
        "@modest/hold.ts": GREEDY,
      },
    });
    expectAnswer(await server.call("/@modest/hold"), { text: "well" });
    // Each has what its function may have; all of them more than the tenant.
    let isOver = false;
    const held = Promise.all(Array.from({ length: 8 }, () => server.call("/@greedy/hold?hold")))
      .finally(() => isOver = true);
    while (!isOver) {
      expectAnswer(await server.call("/@modest/hold"), {
        text: "well",
        headers: { "x-mayfly-start": /^(warm|clone)$/ },
      });
    }
    for (const answer of await held) {
      expectError(answer, "memory");
      assert.match(answer.text, /memoryMb/);
    }
    expectAnswer(await server.call("/@greedy/hold"), { text: "well" });
  },
);

Deno.test(
  "where two tenants want all of a processor, each has its cpuShare of it",
  { ignore: WITHOUT_KVM || !isRoot },
  async () => {
    await using server = await Server.start({
      files: {
        "mayfly.json": JSON.stringify({ tenants: { less: { cpuShare: 0.25 } } }),
        "@less/spin.ts": SPIN,
        "@more/spin.ts": SPIN,
      },
    });
    const tenants = ["less", "more"];
    for (const tenant of tenants) expectAnswer(await server.call(`/@${tenant}/spin`), { text: "well" });
    const cells = await Promise.all(tenants.map((tenant) => cellOf(server, tenant)));
    for (const { pid } of cells) {
      const { success } = await new Deno.Command("taskset", { args: ["-apc", "0", `${pid}`], stdout: "null" }).output();
      assert.ok(success);
    }
    const ended: Promise<Answer>[] = tenants.map((tenant) => server.call(`/@${tenant}/spin?spin`));
    const spent = async () => {
      const now = await Promise.all(tenants.map((tenant) => cellOf(server, tenant)));
      return now.map(({ ticks }, at) => ticks - cells[at].ticks);
    };
    const [less, more] = await until("they have used some of it", async () => {
      const ticks = await spent();
      return ticks[0] + ticks[1] > 200 ? ticks : null;
    }, 60_000);
    for (const { pid } of cells) Deno.kill(pid, "SIGKILL");
    for (const answer of await Promise.all(ended)) expectError(answer, "crash");
    assert.ok(more > 2 * less && less > 0, `${less} and ${more} ticks`);
  },
);

Deno.test(
  "a tenant's cell is in a group of its own in the kernel, of which nothing stays",
  { ignore: WITHOUT_KVM || !isRoot || !usable.includes("cpu") },
  async () => {
    const folderOf = async (pid: number) => {
      const own = await Deno.readTextFile(`/proc/${pid}/cgroup`);
      return /\/mayfly-\d+-[\da-f]+\/cell-\d+$/m.exec(own)?.[0];
    };
    let group: string;
    {
      await using server = await Server.start({ files: { "@acme/spin.ts": SPIN, "@other/spin.ts": SPIN } });
      const groups = new Set<string>();
      for (const tenant of ["acme", "other"]) {
        expectAnswer(await server.call(`/@${tenant}/spin`), { text: "well" });
        groups.add((await folderOf((await cellOf(server, tenant)).pid))!);
      }
      assert.equal(groups.size, 2);
      [group] = groups;
      assert.ok(group.startsWith(`/mayfly-${server.pid}-`));
      await server.stop("SIGKILL");
      // Whoever comes next cleans up.
      await server.up();
    }
    await withGroups("clean", async () => {});
    const above = group.split("/")[1];
    for await (const { name } of Deno.readDir("/sys/fs/cgroup")) {
      await assert.rejects(Deno.stat(`/sys/fs/cgroup/${name}/${above}`), Deno.errors.NotFound);
    }
  },
);

Deno.test(
  "a cell that passes its memory is ended by the kernel, and the server says so",
  { ignore: WITHOUT_KVM || !usable.includes("memory") },
  () =>
    withGroups("hostile", async (groups) => {
      const troubles: string[] = [];
      const starter = new CellStarter({
        clock,
        deadlines: new Deadlines(clock),
        host: hostOf({}),
        cores: 2,
        open: async () => await openProcess({ program: await hostileProgram() }),
        groups,
        users: null,
        memoryBytesOf: () => 64 * MiB,
        cpuShareOf: () => 1,
        onTrouble: (trouble) => troubles.push(trouble),
      });
      const [hostile, other] = [await starter.start("hostile", "SERVES"), await starter.start("other", "SERVES")];
      const program = (attack: string) => ({ arguments: [attack], environment: [], folder: "" });
      const ask = { operation: CellOperation.STATS, program: program("fill memory") };
      await assert.rejects(hostile.request(ask, { timeoutMs: 60_000 }), /memoryMb/);
      await until("it is told", () => troubles.length > 0);
      assert.match(troubles[0], /^A cell of hostile is gone: the kernel found no more memory for it \(.*SIGKILL\)$/);
      await other.request({ ...ask, program: program("getpid") }, { timeoutMs: 60_000 });
      await other.end();
      await starter.close();
    }),
);
