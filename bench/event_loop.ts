import { folderFiles, Server, until } from "../tests/harness.ts";
import { Baseline } from "./baseline.ts";
import { atMost, type Bench, type Figure, rounded } from "./figure.ts";
import { load } from "./load.ts";

const PROBE = ["--preload", new URL("./event_loop_probe.ts", import.meta.url).pathname];
const FULL_LOAD = 32;

interface Delay {
  readonly longest: number;
  readonly p99: number;
}

/** A process that the probe runs in. */
interface Probed {
  readonly console: string;
  signal(signal: Deno.Signal): void;
}

/** How long Deno's own thread is held up, told by a probe in the server's process. */
export const eventLoop: Bench = async ({ seconds, samples }) => {
  await using baseline = await Baseline.start(PROBE);
  await using server = await Server.start({ files: folderFiles("../bench/functions"), denoFlags: PROBE });
  const delayOf = async (probed: Probed, work: () => Promise<unknown>): Promise<Delay> => {
    await delaySinceLast(probed);
    await work();
    return await delaySinceLast(probed);
  };
  const deploys = async () => {
    for (let n = 0; n < samples; n++) {
      await server.drop({ "fresh.ts": `export default () => new Response("${n}");` });
      await server.answers("/fresh", ({ text }) => text === `${n}`);
    }
  };

  const bare = await delayOf(baseline, () => load(baseline.url, { connections: FULL_LOAD, seconds }));
  const loaded = await delayOf(server, () => load(`${server.url}/hello`, { connections: FULL_LOAD, seconds }));
  const deploying = await delayOf(server, deploys);
  const beside = `; bare Deno.serve under full load ${rounded(bare.longest)} ms, p99 ${rounded(bare.p99)} ms`;
  return [
    figure("event loop's longest delay, full load", loaded, beside),
    figure(`event loop's longest delay, ${samples} deploys`, deploying, ""),
  ];
};

function figure(name: string, { longest, p99 }: Delay, beside: string): Figure {
  return atMost(name, 5, "ms", longest, `p99 ${rounded(p99)} ms${beside}`);
}

async function delaySinceLast(probed: Probed): Promise<Delay> {
  const printed = probed.console.length;
  probed.signal("SIGUSR2");
  return await until("the probe has answered", () => {
    const answer = /^event loop delay (.*)\n/m.exec(probed.console.slice(printed));
    return answer ? JSON.parse(answer[1]) as Delay : null;
  });
}
