import { folderFiles, Origin, Server, until } from "../tests/harness.ts";
import { Baseline } from "./baseline.ts";
import { atLeast, atMost, type Bench, type Figure, rounded } from "./figure.ts";
import { median, percentile, timed } from "./statistics.ts";

const WAITING = 1000;
const WAIT_MS = 5000;
const SETTINGS = JSON.stringify({
  server: { concurrency: 2 * WAITING, memoryMb: 65_536 },
  tenants: { home: { concurrency: 2 * WAITING, memoryMb: 65_536 } },
});

/** What a function fetches from a server on this machine, in turn with Deno's own fetch here. */
export const fetches: Bench = async ({ rounds, samples }) => {
  await using server = await Server.start({
    files: { ...folderFiles("../bench/functions"), "mayfly.json": SETTINGS },
  });
  return [await latency(server, rounds, samples), await waiting(server)];
};

async function latency(server: Server, rounds: number, samples: number): Promise<Figure> {
  await using origin = await Baseline.start();
  const count = 25 * samples;
  const ours: number[] = [];
  const denos: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const query = new URLSearchParams({ url: origin.url, count: `${count}` });
    ours.push(...(await server.call(`/fetches?${query}`)).json<number[]>());
    for (let n = 0; n < count; n++) denos.push(await timed(async () => await (await fetch(origin.url)).text()));
  }
  const us = (values: readonly number[], share: number) => rounded(1000 * percentile(values, share));
  return atMost(
    "fetch in a function: p50 added to Deno's own",
    150,
    "us",
    1000 * (median(ours) - median(denos)),
    `${us(ours, 0.5)} us, p99 ${us(ours, 0.99)} us; Deno's own ${us(denos, 0.5)} us, p99 ${us(denos, 0.99)} us`,
  );
}

/** All wait at the same time: while they do, the server has no more threads than before. */
async function waiting(server: Server): Promise<Figure> {
  await using origin = await Origin.start();
  const path = `/fetches?${new URLSearchParams({ url: `${origin.url}/wait/${WAIT_MS}` })}`;
  const before = await server.facts();
  const answers = Promise.all(Array.from({ length: WAITING }, () => server.call(path)));
  let most = 0;
  let during = before;
  await until("all wait", async () => {
    if (origin.connections > most) during = await server.facts();
    most = Math.max(most, origin.connections);
    return most === WAITING || origin.requests.length > most;
  });
  const answered = (await answers).filter(({ text }) => text === "waited").length;
  return atLeast(
    "fetches waiting at once",
    WAITING,
    Math.min(most, answered),
    `${during.threads} threads, ${before.threads} before; ${rounded(during.rssMb - before.rssMb)} MB more`,
  );
}
