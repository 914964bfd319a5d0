import { fileURLToPath } from "node:url";
import { type BenchRequest, EngineAlone, type FunctionImage } from "./engine_alone.ts";
import { atMost, type Bench, type Figure, rounded } from "./figure.ts";
import { median, percentile } from "./statistics.ts";

/** A half more than what a request and its fresh sandbox took before the library had the whole Web API. */
const HELLO_US = 1.5 * 10;
const ECHO_US = 1.5 * 25;
/** Of one route, without middlewares. */
const HONO_US = 60;
/** 20 routes and three middlewares, two of which set a header: 200 us before bodies were handed on whole. */
const HONO_MIDDLEWARES_US = 125;
const SNAPSHOT_BYTES = 250 * 1024;
const RUNS_PER_ROUND = 500;
const KILL_AFTER_NS = 2_000_000;

const HEADERS = "host\nlocalhost:8000\nuser-agent\nbench\naccept\n*/*\n";
const GET: BenchRequest = { method: "GET", url: "http://localhost:8000/bench", headers: HEADERS, body: null };
const POST: BenchRequest = {
  ...{ method: "POST", url: "http://localhost:8000/bench" },
  headers: `${HEADERS}content-type\napplication/json\n`,
  body: JSON.stringify({ name: "mayfly", wings: 4, days: 1, tags: ["insect", "short-lived"] }),
};
const ROUTE: BenchRequest = { ...GET, url: "http://localhost:8000/route7/42" };

async function bundle(name: string): Promise<string> {
  const file = fileURLToPath(new URL(`functions/${name}.ts`, import.meta.url));
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--minify", file],
  }).output();
  if (!success) throw new Error(`Cannot bundle ${name}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

/** Microseconds of each run. */
function sample(count: number, run: () => void): number[] {
  for (let i = 0; i < RUNS_PER_ROUND; i++) run();
  return Array.from({ length: count }, () => {
    const start = performance.now();
    run();
    return (performance.now() - start) * 1000;
  });
}

const spread = (us: readonly number[]) => `p99 ${rounded(percentile(us, 0.99))} us of ${us.length}`;

/** The native engine by itself: what a request costs without HTTP. */
export const engine: Bench = async ({ rounds, samples }) => {
  await using alone = await EngineAlone.open();
  const runs = rounds * samples * RUNS_PER_ROUND / 10;

  const measure = (name: string, image: FunctionImage, request: BenchRequest, limit: number): Figure => {
    alone.request(request);
    alone.answer(image);
    const us = sample(runs, () => alone.again(image));
    return atMost(`engine alone: ${name} and a fresh sandbox`, limit, "us", median(us), spread(us));
  };

  const hello = await alone.deploy(await bundle("hello"));
  const echo = await alone.deploy(await bundle("echo"));
  const hono = await alone.deploy(await bundle("hono_plain"));
  const middlewares = await alone.deploy(await bundle("hono"));
  const loop = await alone.deploy(await bundle("loop"));
  const figures = [
    measure("hello", hello, GET, HELLO_US),
    measure("JSON echo", echo, POST, ECHO_US),
    measure("hono app", hono, GET, HONO_US),
    measure("hono app of 20 routes and 3 middlewares", middlewares, ROUTE, HONO_MIDDLEWARES_US),
  ];

  const other = await alone.deploy(await bundle("hello"));
  alone.request(GET);
  const switched = sample(runs, () => {
    alone.again(hello);
    alone.again(other);
  });
  if (!alone.wasSwitched) throw new Error("Cannot measure a switch of functions: there was none");
  figures.push(
    atMost("engine alone: another function on the same instance", 30, "us", median(switched) / 2, spread(switched)),
  );

  const late = Array.from({ length: samples * 5 }, () => alone.killed(loop, KILL_AFTER_NS) / 1000);
  figures.push(
    atMost("engine alone: killed after its deadline, p99", 5000, "us", percentile(late, 0.99), `of ${late.length}`),
    atMost("hello's own snapshot", SNAPSHOT_BYTES / 1024, "KiB", hello.bytes / 1024),
  );
  return figures;
};
