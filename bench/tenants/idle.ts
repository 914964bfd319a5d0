import { atMost, type Bench, rounded } from "../figure.ts";
import { restarts } from "../start.ts";
import { median, percentile, timed } from "../statistics.ts";
import { familyFacts } from "./family.ts";
import { cleanLoad, EVENT, serverWith, source } from "./server.ts";

const TENANTS = 100;
const FUNCTIONS_EACH = 10;

/** What is deployed and rests: its memory, how soon it is back, and what its first request takes. */
export const idle: Bench = async ({ rounds, samples, functions: [few] }) => {
  const tenants = few < 10 ? few : TENANTS;
  const names = Array.from(
    { length: tenants * FUNCTIONS_EACH },
    (_, n) => `@t${n % tenants}/f${Math.floor(n / tenants)}`,
  );
  await using server = await serverWith({
    "mayfly.json": JSON.stringify({ functions: {} }),
    ...Object.fromEntries(names.map((name) => [`${name}.py`, source("echo.py")])),
  });
  const ready = median(await restarts(server, rounds));
  const { rssMb: memory } = await familyFacts(server);
  const first: number[] = [];
  // One of each tenant, so that its cell is not there.
  for (let n = 0; n < Math.min(samples, tenants); n++) {
    first.push(
      await timed(async () => {
        const { status, text } = await server.call(`/${names[n]}`, { method: "POST", body: EVENT });
        if (status !== 200) throw new Error(`Cannot measure ${names[n]}: ${status} ${text}`);
      }),
    );
  }
  await cleanLoad(`${server.url}/${names[0]}`, { connections: 1, seconds: 1, body: EVENT });
  return [
    atMost(
      "first request of an idle function: cell stopped, snapshot on disk",
      25,
      "ms",
      median(first.slice(1)),
      `p99 ${rounded(percentile(first.slice(1), 0.99))} ms of ${first.length - 1}, each another tenant's`,
    ),
    atMost(`${tenants} tenants x ${FUNCTIONS_EACH} functions, idle: server and cells`, 600, "MB", memory, "RSS of all"),
    atMost(`${tenants} tenants x ${FUNCTIONS_EACH} functions: restart to ready`, 2000, "ms", ready, `of ${rounds}`),
  ];
};
