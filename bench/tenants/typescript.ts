import { Baseline } from "../baseline.ts";
import { atLeast, atMost, type Bench, rounded } from "../figure.ts";
import { median } from "../statistics.ts";
import { cleanLoad, EVENT, serverWith, source } from "./server.ts";

const BUSY = 32;
const PRODUCTION = { NODE_ENV: "production" };
const script = (name: string) => new URL(`./${name}`, import.meta.url).pathname;

/** TypeScript in microVMs beside the same code in a bare Deno. */
export const typescript: Bench = async ({ rounds, seconds }) => {
  const config = script("functions/deno.json");
  await using echo = await Baseline.start([], script("echo_bare.ts"));
  const bare = ["run", "--allow-net", "--allow-env", "--config", config, script("page_bare.ts")];
  await using page = await Baseline.run([Deno.execPath(), ...bare], PRODUCTION);
  await using server = await serverWith({
    "@acme/echo.ts": source("echo.ts"),
    "@acme/page.jsx": source("page.jsx"),
    "@acme/deno.json": source("deno.json"),
    "@acme/mayfly.json": JSON.stringify({ env: PRODUCTION }),
  });
  const rates: number[] = [],
    bareRates: number[] = [],
    alone: number[] = [],
    pages: number[] = [],
    barePages: number[] = [];
  for (let round = 0; round < rounds; round++) {
    bareRates.push((await cleanLoad(echo.url, { connections: BUSY, seconds, body: EVENT })).requestsPerSecond);
    rates.push(
      (await cleanLoad(`${server.url}/@acme/echo`, { connections: BUSY, seconds, body: EVENT })).requestsPerSecond,
    );
    alone.push((await cleanLoad(`${server.url}/@acme/echo`, { connections: 1, seconds, body: EVENT })).p50Us);
    barePages.push((await cleanLoad(page.url, { connections: 1, seconds })).p50Us);
    pages.push((await cleanLoad(`${server.url}/@acme/page`, { connections: 1, seconds })).p50Us);
  }
  return [
    atLeast(
      "TypeScript JSON echo in a VM, of a bare Deno.serve doing the same",
      0.08,
      median(rates) / median(bareRates),
      `${rounded(median(rates))} req/s, concurrency 1 p50 ${median(alone)} us; bare ${
        rounded(median(bareRates))
      } req/s`,
    ),
    atMost(
      "React page in a VM: p50, of plain Deno's",
      1.15,
      "x",
      median(pages) / median(barePages),
      `${median(pages)} us; plain ${median(barePages)} us`,
    ),
  ];
};
