import { type Facts, folderFiles, Server } from "../tests/harness.ts";
import { type Bench, type Figure, rounded } from "./figure.ts";
import { load } from "./load.ts";

const WARM_UP_SHARE = 0.1;
const ALLOWED = 0.02;

/** Very many requests of several kinds: what the process holds must be the same after them as before. */
export const soak: Bench = async ({ requests }) => {
  await using server = await Server.start({ files: folderFiles("../bench/functions") });
  await run(server, requests * WARM_UP_SHARE);
  const before = await server.facts();
  const done = await run(server, requests);
  const after = await server.facts();
  const figure = (what: string, of: (facts: Facts) => number): Figure => ({
    name: `${done.toLocaleString("en")} requests: ${what}`,
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

async function run(server: Server, atLeast: number): Promise<number> {
  const seconds = 2;
  const body = JSON.stringify({ soak: true });
  let done = 0;
  for (let slice = 0; done < atLeast; slice++) {
    const kind = slice % 4 === 3 ? { url: `${server.url}/echo`, body } : { url: `${server.url}/hello`, body: "" };
    const result = await load(kind.url, { connections: 32, seconds, body: kind.body });
    if (result.errors > 0) throw new Error(`Cannot go on with the soak: ${result.errors} requests failed`);
    done += Math.round(result.requestsPerSecond * seconds);
  }
  return done;
}
