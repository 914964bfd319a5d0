import { Server, until } from "../tests/harness.ts";
import { atMost, type Bench, type Figure, rounded } from "./figure.ts";
import { load } from "./load.ts";
import { restarts } from "./start.ts";
import { median } from "./statistics.ts";

const CALLED = 100;

const source = (n: number) => `
const table = new Map([["n", ${n}]]);
export default () => Response.json({ n: table.get("n") });
`;

const path = (n: number) => `/group${n % 100}/f${n}`;

/** What functions cost that are deployed and idle, and what those cost that are called among many. */
export const scale: Bench = async ({ rounds, seconds, functions: [few, many, most] }) => {
  const figures: Figure[] = [];
  await using small = await withFunctions(few);
  {
    await using server = await withFunctions(many);
    const ready = median(await restarts(server, rounds));
    const { rssMb } = await server.facts();
    figures.push(
      atMost(`${many} functions: restart to ready`, 1000, "ms", ready, `median of ${rounds}`),
      atMost(`${many} functions: RSS`, 300, "MB", rssMb, "idle, after a restart"),
    );
  }
  {
    await using server = await withFunctions(most);
    const ready = median(await restarts(server, rounds));
    const { rssMb } = await server.facts();
    const step = Math.max(1, Math.floor(most / CALLED));
    const called = Array.from({ length: Math.min(CALLED, most) }, (_, n) => path(n * step));
    const fewCalled = Array.from({ length: few }, (_, n) => path(n));
    const p50 = async (target: Server, paths: string[]) => {
      await load(target.url, { connections: 1, seconds, paths });
      return (await load(target.url, { connections: 1, seconds, paths })).p50Us;
    };
    const ofFew: number[] = [];
    const ofMost: number[] = [];
    for (let round = 0; round < rounds; round++) {
      ofFew.push(await p50(small, fewCalled));
      ofMost.push(await p50(server, called));
    }
    figures.push(
      atMost(
        `${most} functions, ${called.length} called at random: p50 added`,
        20,
        "us",
        median(ofMost) - median(ofFew),
        `${rounded(median(ofMost))} us; ${few} functions ${rounded(median(ofFew))} us`,
      ),
      atMost(`${most} functions: restart to ready`, 3000, "ms", ready, `median of ${rounds}`),
      atMost(`${most} functions: RSS`, 800, "MB", rssMb, "idle, after a restart"),
    );
  }
  return figures;
};

/** Dropped in portions, so that progress can be waited for. */
async function withFunctions(count: number): Promise<Server> {
  const server = await Server.start();
  const portion = 250;
  for (let from = 0; from < count; from += portion) {
    const numbers = Array.from({ length: Math.min(portion, count - from) }, (_, n) => from + n);
    await server.drop(Object.fromEntries(numbers.map((n) => [`${path(n).slice(1)}.ts`, source(n)])));
    for (const n of numbers) {
      await until(`${path(n)} is deployed`, async () => (await server.call(path(n))).status === 200);
    }
  }
  return server;
}
