import type { Facts } from "../tests/harness.ts";
import { type Figure, rounded } from "./figure.ts";

const ALLOWED = 0.02;

/** What a process holds after very many requests, `count` says how many, has to be what it held before. */
export function growth(count: string, before: Facts, after: Facts): Figure[] {
  const figure = (what: string, of: (facts: Facts) => number): Figure => ({
    name: `${count}: ${what}`,
    reach: `<= ${ALLOWED * 100}% more`,
    measured: `${rounded((of(after) / of(before) - 1) * 100)}%`,
    beside: `${rounded(of(before))}, then ${rounded(of(after))}`,
    reached: of(after) <= of(before) * (1 + ALLOWED),
  });
  return [
    figure("RSS in MB", ({ rssMb }) => rssMb),
    figure("descriptors", ({ descriptors }) => descriptors),
    figure("mappings", ({ mappings }) => mappings),
    figure("threads", ({ threads }) => threads),
  ];
}
