import { type Facts, processFacts, type Server } from "../../tests/harness.ts";

/** Of the server and its cells together. One that ends meanwhile holds nothing. */
export async function familyFacts({ pid }: Server): Promise<Facts> {
  const children = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`);
  const pids = [pid, ...children.split(" ").filter(Boolean).map(Number)];
  const all = (await Promise.all(pids.map((one) => processFacts(one).catch(() => null)))).filter((one) => one !== null);
  const sum = (of: (facts: Facts) => number) => all.reduce((total, facts) => total + of(facts), 0);
  return {
    rssMb: sum(({ rssMb }) => rssMb),
    peakRssMb: sum(({ peakRssMb }) => peakRssMb),
    threads: sum(({ threads }) => threads),
    descriptors: sum(({ descriptors }) => descriptors),
    mappings: sum(({ mappings }) => mappings),
  };
}
