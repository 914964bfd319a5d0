import { Server } from "../tests/harness.ts";
import { wasiProgram } from "../tests/harness/c_program.ts";
import { Baseline } from "./baseline.ts";
import { EngineAlone } from "./engine_alone.ts";
import { atLeast, atMost, type Bench, type Figure, rounded } from "./figure.ts";
import { load } from "./load.ts";
import { median, percentile } from "./statistics.ts";

const BUSY = 32;
const RUNS_PER_ROUND = 500;
/** As much stack as a small program needs, in memory that is made clean by copying. */
const SMALL = ["-Wl,-z,stack-size=65536", "-Wl,--initial-memory=262144"];
const REQUEST = {
  method: "GET",
  url: "http://localhost:8000/cgi",
  headers: "host\nlocalhost:8000\nuser-agent\nbench\naccept\n*/*\n",
  body: null,
  context: "/cgi\0",
};

/** A CGI hello in a fresh instance, alone and over HTTP. */
export const wasi: Bench = async ({ rounds, samples, seconds }) => {
  const [small, byDefault] = [
    await wasiProgram("../bench/cgi_hello.c", SMALL),
    await wasiProgram("../bench/cgi_hello.c"),
  ];
  await using alone = await EngineAlone.open();
  const measure = async (name: string, limit: number, module: Uint8Array<ArrayBuffer>): Promise<Figure> => {
    const image = await alone.deployWasi(module);
    alone.request(REQUEST);
    for (let i = 0; i < RUNS_PER_ROUND; i++) alone.again(image);
    const us = Array.from({ length: rounds * samples * RUNS_PER_ROUND / 10 }, () => {
      const start = performance.now();
      alone.again(image);
      return (performance.now() - start) * 1000;
    });
    return atMost(
      `engine alone: CGI hello, ${name}`,
      limit,
      "us",
      median(us),
      `p99 ${rounded(percentile(us, 0.99))} us of ${us.length}`,
    );
  };
  const figures = [await measure("small memory", 10, small), await measure("as zig builds it", 30, byDefault)];

  await using baseline = await Baseline.start();
  await using server = await Server.start({ files: { "cgi.wasm": small } });
  const rates = { bare: [] as number[], cgi: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    for (const [kind, url] of [["bare", baseline.url], ["cgi", `${server.url}/cgi`]] as const) {
      const result = await load(url, { connections: BUSY, seconds });
      if (result.errors > 0) throw new Error(`Cannot count ${kind}: ${result.errors} requests failed`);
      rates[kind].push(result.requestsPerSecond);
    }
  }
  const [bare, cgi] = [median(rates.bare), median(rates.cgi)];
  figures.push(
    atLeast("CGI hello, of bare Deno.serve", 0.3, cgi / bare, `${rounded(cgi)} req/s; bare ${rounded(bare)} req/s`),
  );
  return figures;
};
