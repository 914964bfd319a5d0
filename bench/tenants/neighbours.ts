import { type Server, Wire } from "../../tests/harness.ts";
import { atMost, type Bench, rounded } from "../figure.ts";
import { load } from "../load.ts";
import { median } from "../statistics.ts";
import { cleanLoad, EVENT, serverWith, source } from "./server.ts";

const SPIN = "def handler(req):\n    while True:\n        pass\n";
const FILL = "def handler(req):\n    held = []\n    while True:\n        held.append(bytearray(1 << 20))\n";
const SETTINGS = JSON.stringify({ functions: { spin: { timeoutMs: 500 }, fill: { timeoutMs: 2000 } } });
const FLOOD = 64;

/** One tenant does its worst; another is asked once at a time. */
export const neighbours: Bench = async ({ rounds, seconds }) => {
  await using server = await serverWith({
    "@quiet/echo.py": source("echo.py"),
    "@loud/echo.py": source("echo.py"),
    "@loud/spin.py": SPIN,
    "@loud/fill.py": FILL,
    "@loud/mayfly.json": SETTINGS,
  });
  const quietUrl = `${server.url}/@quiet/echo`;
  const alone: number[] = [], beside: number[] = [];
  for (let round = 0; round < rounds; round++) {
    alone.push((await cleanLoad(quietUrl, { connections: 1, seconds, body: EVENT })).p99Us / 1000);
    const noise = makeNoise(server);
    const flood = load(`${server.url}/@loud/echo`, { connections: FLOOD, seconds, body: EVENT });
    beside.push((await cleanLoad(quietUrl, { connections: 1, seconds, body: EVENT })).p99Us / 1000);
    await Promise.all([flood, noise.stop()]);
  }
  return [
    atMost(
      "a tenant floods, spins and fills memory: another tenant's p99 added",
      10,
      "ms",
      median(beside) - median(alone),
      `${rounded(median(beside))} ms; quiet ${rounded(median(alone))} ms`,
    ),
  ];
};

function makeNoise(server: Server): { stop(): Promise<unknown> } {
  let stopped = false;
  const again = async (path: string) => {
    using wire = await Wire.open(server);
    while (!stopped) {
      await wire.request("GET", path);
      await wire.answer();
    }
  };
  const loops = Promise.all(["/@loud/spin", "/@loud/spin", "/@loud/fill", "/@loud/fill"].map(again));
  return {
    stop() {
      stopped = true;
      return loops;
    },
  };
}
