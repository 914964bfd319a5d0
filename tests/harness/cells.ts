import type { Server } from "./server.ts";
import { until } from "./until.ts";

interface Process {
  readonly pid: number;
  readonly ticks: number;
}

const CELL = "mayfly-cell";

/** The processes of the server that are cells, with what they have used of the processors. */
async function cellsOf(server: Server): Promise<Process[]> {
  const found: Process[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await Deno.readTextFile(`/proc/${name}/stat`).catch(() => "");
    const end = stat.lastIndexOf(")");
    // Behind its name in brackets: state, parent, ... and the 12th and the 13th are its time.
    const fields = stat.slice(end + 2).split(" ");
    const program = stat.slice(stat.indexOf("(") + 1, end);
    if (program !== CELL || Number(fields[1]) !== server.pid) continue;
    found.push({ pid: Number(name), ticks: Number(fields[11]) + Number(fields[12]) });
  }
  return found;
}

/** The tenant's cell that serves, and what it has used of the processors: where the server is root, by its user. */
export async function cellOf(server: Server, tenant: string): Promise<Process> {
  const users = JSON.parse(await Deno.readTextFile(`${server.data}/cell-users.json`));
  const user = users.base + 1 + users.tenants.indexOf(tenant);
  for (const cell of await cellsOf(server)) {
    const status = await Deno.readTextFile(`/proc/${cell.pid}/status`).catch(() => "");
    if (new RegExp(`^Uid:\\s${user}\\s`, "m").test(status)) return cell;
  }
  throw new Error(`Cannot find a cell of ${tenant}`);
}

/** The one cell that is busy now. */
export async function busyCell(server: Server): Promise<number> {
  const before = new Map((await cellsOf(server)).map(({ pid, ticks }) => [pid, ticks]));
  return await until("one cell is busy", async () => {
    const busy = (await cellsOf(server)).filter(({ pid, ticks }) => ticks > (before.get(pid) ?? 0) + 5);
    return busy.length === 1 ? busy[0].pid : null;
  });
}
