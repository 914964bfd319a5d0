import type { Server } from "../../tests/harness.ts";
import type { Bench } from "../figure.ts";
import { growth } from "../growth.ts";
import { familyFacts } from "./family.ts";
import { cleanLoad, EVENT, serverWith, source } from "./server.ts";

const REQUESTS = 100_000;
const CONNECTIONS = 16;
/** Slices of Python, and one of TypeScript. */
const ROUND = 4;

/** Very many requests to microVMs: what the server and its cell hold is the same after them as before. */
export const tenantSoak: Bench = async ({ requests }) => {
  const count = Math.min(requests, REQUESTS);
  await using server = await serverWith({ "@acme/echo.py": source("echo.py"), "@acme/other.ts": source("echo.ts") });
  await ask(server, count / 5);
  const before = await familyFacts(server);
  const done = await ask(server, count);
  const after = await familyFacts(server);
  return growth(`${done.toLocaleString("en")} requests to VMs`, before, after);
};

/** In whole rounds, for each has VMs of both runtimes. */
async function ask(server: Server, atLeast: number): Promise<number> {
  let done = 0;
  for (let slice = 0; done < atLeast || slice % ROUND !== 0; slice++) {
    const url = `${server.url}/@acme/${slice % ROUND === ROUND - 1 ? "other" : "echo"}`;
    done += Math.round(
      (await cleanLoad(url, { connections: CONNECTIONS, seconds: 2, body: EVENT })).requestsPerSecond * 2,
    );
  }
  return done;
}
