import { type Facts, processFacts, type Server } from "../../tests/harness.ts";
import { type Bench, type Figure, rounded } from "../figure.ts";
import { cleanLoad, EVENT, serverWith, source } from "./server.ts";

const REQUESTS = 100_000;
const ALLOWED = 0.02;
const CONNECTIONS = 16;

/** Very many requests to microVMs: what the server and its cell hold is the same after them as before. */
export const tenantSoak: Bench = async ({ requests }) => {
  const count = Math.min(requests, REQUESTS);
  await using server = await serverWith({ "@acme/echo.py": source("echo.py"), "@acme/other.ts": source("echo.ts") });
  await ask(server, count / 5);
  const before = await familyFacts(server);
  const done = await ask(server, count);
  const after = await familyFacts(server);
  const figure = (what: string, of: (facts: Facts) => number): Figure => ({
    name: `${done.toLocaleString("en")} requests to VMs: ${what}`,
    reach: `<= ${ALLOWED * 100}% more`,
    measured: `${rounded((of(after) / of(before) - 1) * 100)}%`,
    beside: `${rounded(of(before))}, then ${rounded(of(after))}`,
    reached: of(after) <= of(before) * (1 + ALLOWED),
  });
  return [
    figure("RSS in MB", ({ rssMb }) => rssMb),
    figure("descriptors", ({ descriptors }) => descriptors),
    figure("mappings", ({ mappings }) => mappings),
    figure("threads", ({ threads }) => threads),
  ];
};

async function ask(server: Server, atLeast: number): Promise<number> {
  let done = 0;
  for (let slice = 0; done < atLeast; slice++) {
    const url = `${server.url}/@acme/${slice % 4 === 3 ? "other" : "echo"}`;
    done += Math.round(
      (await cleanLoad(url, { connections: CONNECTIONS, seconds: 2, body: EVENT })).requestsPerSecond * 2,
    );
  }
  return done;
}

/** Of the server and its cells together. */
async function familyFacts(server: Server): Promise<Facts> {
  const children = await Deno.readTextFile(`/proc/${server.pid}/task/${server.pid}/children`);
  const all = await Promise.all([server.pid, ...children.split(" ").filter(Boolean).map(Number)].map(processFacts));
  const sum = (of: (facts: Facts) => number) => all.reduce((total, facts) => total + of(facts), 0);
  return {
    rssMb: sum(({ rssMb }) => rssMb),
    peakRssMb: sum(({ peakRssMb }) => peakRssMb),
    threads: sum(({ threads }) => threads),
    descriptors: sum(({ descriptors }) => descriptors),
    mappings: sum(({ mappings }) => mappings),
  };
}
