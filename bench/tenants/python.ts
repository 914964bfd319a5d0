import { Baseline } from "../baseline.ts";
import { atLeast, atMost, type Bench, rounded } from "../figure.ts";
import { median } from "../statistics.ts";
import { cleanLoad, EVENT, serverWith, source } from "./server.ts";

const FUNCTIONS = 100;
const BUSY = 16;
const MIB = 1024 * 1024;

/** Python functions of one tenant, a microVM brought back for every request. */
export const python: Bench = async ({ rounds, seconds, functions: [few] }) => {
  const count = Math.min(FUNCTIONS, few * 10);
  const paths = Array.from({ length: count }, (_, n) => `/@acme/f${n}`);
  const forkServer = new URL("./fork_server.py", import.meta.url).pathname;
  await using bare = await Baseline.start();
  await using forks = await Baseline.run(["python3", "-S", "-E", forkServer, `${navigator.hardwareConcurrency}`]);
  await using server = await serverWith(
    Object.fromEntries(paths.map((path, n) => [`${path.slice(1)}.py`, `${source("echo.py")}\nNUMBER = ${n}\n`])),
  );
  const one = `${server.url}${paths[0]}`;
  const alone: number[] = [],
    bareAlone: number[] = [],
    many: number[] = [],
    rate: number[] = [],
    forkRate: number[] = [];
  const forkAlone: number[] = [];
  // Each was called once before its first figure.
  await cleanLoad(server.url, { connections: 1, seconds, body: EVENT, paths });
  for (let round = 0; round < rounds; round++) {
    bareAlone.push((await cleanLoad(bare.url, { connections: 1, seconds, body: EVENT })).p50Us);
    alone.push((await cleanLoad(one, { connections: 1, seconds, body: EVENT })).p50Us);
    many.push((await cleanLoad(server.url, { connections: 1, seconds, body: EVENT, paths })).p50Us);
    forkAlone.push((await cleanLoad(forks.url, { connections: 1, seconds, body: EVENT })).p50Us);
    rate.push((await cleanLoad(server.url, { connections: BUSY, seconds, body: EVENT, paths })).requestsPerSecond);
    forkRate.push((await cleanLoad(forks.url, { connections: BUSY, seconds, body: EVENT })).requestsPerSecond);
  }
  const disk = await bytesBelow(server.data);
  return [
    atMost(
      "Python JSON echo in a VM, concurrency 1: p50 added",
      180,
      "us",
      median(alone) - median(bareAlone),
      `${median(alone)} us; bare Deno.serve ${median(bareAlone)} us, fork() of a warm CPython ${median(forkAlone)} us`,
    ),
    atMost(
      `${count} Python functions called at random: p50, of a single one's`,
      1.8,
      "x",
      median(many) / median(alone),
      `${median(many)} us; one ${median(alone)} us`,
    ),
    atLeast(
      `the same with ${BUSY} connections, of a server that forks`,
      6,
      median(rate) / median(forkRate),
      `${rounded(median(rate))} req/s; forking ${rounded(median(forkRate))} req/s`,
    ),
    atMost(`disk of ${count} Python functions`, 400, "MB", disk / MIB, "the whole data folder"),
  ];
};

/** What the files take on the disk: holes take nothing. */
async function bytesBelow(folder: string): Promise<number> {
  const { stdout } = await new Deno.Command("du", { args: ["-s", "--block-size=1", folder] }).output();
  return Number.parseInt(new TextDecoder().decode(stdout));
}
