import { folderFiles, Server } from "../tests/harness.ts";
import type { Bench } from "./figure.ts";
import { growth } from "./growth.ts";
import { load } from "./load.ts";

const WARM_UP_SHARE = 0.1;

/** Very many requests of several kinds: what the process holds must be the same after them as before. */
export const soak: Bench = async ({ requests }) => {
  await using server = await Server.start({ files: folderFiles("../bench/functions") });
  await run(server, requests * WARM_UP_SHARE);
  const before = await server.facts();
  const done = await run(server, requests);
  const after = await server.facts();
  return growth(`${done.toLocaleString("en")} requests`, before, after);
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
