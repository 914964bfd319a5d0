import { folderFiles, Server, Wire } from "../tests/harness.ts";
import { atMost, type Bench, rounded } from "./figure.ts";
import { load } from "./load.ts";
import { percentile } from "./statistics.ts";

const LOOP_TIMEOUT_MS = 100;

/** What an endless loop costs: itself, how late it ends; and the others, while it runs. */
export const limits: Bench = async ({ samples, seconds }) => {
  await using server = await Server.start({ files: folderFiles("../bench/functions") });

  const late: number[] = [];
  using connection = await Wire.open(server);
  for (let n = 0; n < samples * 5; n++) {
    const start = performance.now();
    await connection.request("GET", "/loop");
    const { status } = await connection.answer();
    late.push(performance.now() - start - LOOP_TIMEOUT_MS);
    if (status !== 504) throw new Error(`Cannot measure an endless loop: it was answered ${status}`);
  }

  const cores = navigator.hardwareConcurrency;
  let stop = false;
  const spinning = Promise.all(Array.from({ length: cores }, async () => {
    using loop = await Wire.open(server);
    while (!stop) {
      await loop.request("GET", "/loop");
      await loop.answer();
    }
  }));
  const quiet = await load(`${server.url}/hello`, { connections: 1, seconds });
  stop = true;
  await spinning;
  const alone = await load(`${server.url}/hello`, { connections: 1, seconds });
  return [
    atMost(
      "endless loop gone after its deadline, p99",
      5,
      "ms",
      percentile(late, 0.99),
      `median ${rounded(percentile(late, 0.5))} ms of ${late.length}, client and HTTP included`,
    ),
    atMost(
      `hello's p99 beside ${cores} endless loops`,
      10,
      "ms",
      quiet.p99Us / 1000,
      `p50 ${quiet.p50Us} us; without them p50 ${alone.p50Us} us, p99 ${alone.p99Us} us`,
    ),
  ];
};
