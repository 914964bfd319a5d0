import { Server } from "../tests/harness.ts";
import { atMost, type Bench, rounded } from "./figure.ts";
import { median, percentile, timed } from "./statistics.ts";

const PACKAGES = JSON.stringify({ imports: { hono: "npm:hono@4.13.19", zod: "npm:zod@4.6.7" } });

const plain = (n: number) => `
interface Answer { readonly n: number }
const answer: Answer = { n: ${n} };
export default (): Response => Response.json(answer);
`;

const withPackages = (n: number) => `
import { Hono } from "hono";
import { z } from "zod";
const Answer = z.object({ n: z.number().int() });
const app = new Hono();
app.get("/", (c) => c.json(Answer.parse({ n: ${n} })));
export default app;
`;

/** From the moment a file is dropped to the first 200 that it gives. */
export const deploy: Bench = async ({ samples }) => {
  await using server = await Server.start({ files: { "deno.json": PACKAGES } });
  const series = async (source: (n: number) => string): Promise<number[]> => {
    const times: number[] = [];
    for (let n = 0; n <= samples; n++) {
      const name = `f${crypto.randomUUID()}`;
      await server.drop({ [`${name}.ts.new`]: source(n) });
      const took = await timed(async () => {
        await Deno.rename(`${server.functions}/${name}.ts.new`, `${server.functions}/${name}.ts`);
        await firstAnswer(server, `/${name}`);
      });
      // The first one fetches packages and fills caches.
      if (n > 0) times.push(took);
    }
    return times;
  };
  const figure = (name: string, limitMs: number, times: number[]) =>
    atMost(
      `deploy to first 200, ${name}`,
      limitMs,
      "ms",
      median(times),
      `p99 ${rounded(percentile(times, 0.99))} ms of ${times.length}`,
    );
  return [
    figure("plain TypeScript", 150, await series(plain)),
    figure("hono + zod", 300, await series(withPackages)),
  ];
};

/** Asks again without a rest, so that the answer is not seen later than it comes. */
export async function firstAnswer(server: Server, path: string): Promise<void> {
  const giveUpAt = Date.now() + 60_000;
  while ((await server.call(path)).status !== 200) {
    if (Date.now() > giveUpAt) throw new Error(`Cannot wait any longer for ${path}: ${server.console.slice(-2000)}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
