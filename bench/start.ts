import { folderFiles, Server } from "../tests/harness.ts";
import { Baseline } from "./baseline.ts";
import { atMost, type Bench, type Figure, rounded } from "./figure.ts";
import { median, timed } from "./statistics.ts";

/** Until the server is ready, from Deno's own start: when all is built, and when nothing is. */
export const start: Bench = async ({ rounds, firstStart }) => {
  await using server = await Server.start({ files: folderFiles("../bench/functions") });
  const ready = await restarts(server, rounds * 3);
  const bare: number[] = [];
  for (let round = 0; round < rounds * 3; round++) {
    bare.push(
      await timed(async () => {
        await using _ = await Baseline.start();
      }),
    );
  }
  const beside = `bare Deno.serve ${rounded(median(bare))} ms`;
  return [
    atMost("start to ready, all built", 500, "ms", median(ready), beside),
    ...(firstStart ? [await veryFirst()] : []),
  ];
};

/** How long each of several restarts took to be ready. */
export async function restarts(server: Server, rounds: number): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await server.stop();
    times.push(await timed(() => server.up()));
  }
  return times;
}

/** With an empty cache folder of the server's own, while the package clients keep theirs. */
async function veryFirst(): Promise<Figure> {
  const cache = await Deno.makeTempDir();
  try {
    const home = Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`;
    const clients = { DENO_DIR: `${home}/deno`, PIP_CACHE_DIR: `${home}/pip` };
    await using server = await Server.prepare({
      files: folderFiles("../bench/functions"),
      env: { ...clients, XDG_CACHE_HOME: cache },
    });
    const took = await timed(async () => {
      await server.up();
      await server.answers("/hello", ({ status }) => status === 200);
    });
    return atMost("very first start to first answer", 60, "s", took / 1000, "packages already downloaded");
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
}
