import { folderFiles, Server } from "../tests/harness.ts";
import { Baseline } from "./baseline.ts";
import { atLeast, atMost, type Bench, rounded } from "./figure.ts";
import { load, type LoadResult } from "./load.ts";
import { median } from "./statistics.ts";

const BUSY = 32;
const BODY = JSON.stringify({ name: "mayfly", wings: 4, days: 1, tags: ["insect", "short-lived"] });

/** Requests through the whole gateway, in turn with a bare `Deno.serve` so that both see the same machine. */
export const http: Bench = async ({ rounds, seconds }) => {
  await using baseline = await Baseline.start();
  await using server = await Server.start({ files: folderFiles("../bench/functions") });
  const runs = { bare: [], hello: [], echo: [], hono: [], bareAlone: [], helloAlone: [] } as Record<
    string,
    LoadResult[]
  >;
  const run = async (kind: string, url: string, connections: number, body?: string) => {
    const result = await load(url, { connections, seconds, body });
    if (result.errors > 0) throw new Error(`Cannot count ${kind}: ${result.errors} requests failed`);
    runs[kind].push(result);
  };
  for (let round = 0; round < rounds; round++) {
    await run("bare", baseline.url, BUSY);
    await run("hello", `${server.url}/hello`, BUSY);
    await run("echo", `${server.url}/echo`, BUSY, BODY);
    await run("hono", `${server.url}/hono/route7/42`, BUSY);
    await run("bareAlone", baseline.url, 1);
    await run("helloAlone", `${server.url}/hello`, 1);
  }
  const rate = (kind: string) => median(runs[kind].map(({ requestsPerSecond }) => requestsPerSecond));
  const us = (kind: string, which: "p50Us" | "p99Us") => median(runs[kind].map((result) => result[which]));
  const rates = (kind: string) =>
    `${rounded(rate(kind))} req/s, p99 ${rounded(us(kind, "p99Us"))} us; bare ${rounded(rate("bare"))} req/s, p99 ${
      rounded(us("bare", "p99Us"))
    } us`;
  return [
    atLeast("hello, of bare Deno.serve", 0.35, rate("hello") / rate("bare"), rates("hello")),
    atLeast("JSON echo, of bare hello", 0.15, rate("echo") / rate("bare"), rates("echo")),
    atLeast("hono app of 20 routes and 3 middlewares, of bare hello", 0.12, rate("hono") / rate("bare"), rates("hono")),
    atMost(
      "concurrency 1: p50 added",
      60,
      "us",
      us("helloAlone", "p50Us") - us("bareAlone", "p50Us"),
      `${us("helloAlone", "p50Us")} us, p99 ${us("helloAlone", "p99Us")}; bare ${us("bareAlone", "p50Us")} us, p99 ${
        us("bareAlone", "p99Us")
      }`,
    ),
  ];
};
