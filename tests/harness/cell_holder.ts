/** A server that has one cell: tells its process and what its jail lacks, and goes on until it is killed. */
import { HostileCell } from "./hostile_cell.ts";

const [program, user = "0"] = Deno.args;
const cell = await HostileCell.open({ program });
const missing = await cell.start({ user: Number(user) });
console.log(`${cell.process.pid}\n${missing}`);
await cell.gone;
