import { stripVTControlCharacters } from "node:util";

export interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const SUMMARY = /^(?:ok|FAILED) \| (\d+) passed(?: \(.*?\))? \| (\d+) failed(?: \(.*?\))?(?: \| (\d+) ignored)?/gm;

/** What `deno test` counted. A run that did not get to its summary, or did not succeed, has failed somewhere. */
export function countOf(run: { success: boolean; output: string } | null): Count {
  const summary = [...stripVTControlCharacters(run?.output ?? "").matchAll(SUMMARY)].at(-1);
  if (!run || !summary) return { passed: 0, failed: 1, skipped: 0 };
  const [passed, failed, skipped] = summary.slice(1).map((number) => Number(number ?? 0));
  return { passed, failed: run.success ? failed : Math.max(failed, 1), skipped };
}

/** What the runner says of its failures, after all else that it printed; of a run that did not get there, its end. */
export function failuresIn(output: string): string {
  const plain = stripVTControlCharacters(output);
  const start = plain.lastIndexOf("\n ERRORS ");
  return start < 0 ? plain.slice(-END_CHARS) : plain.slice(start).slice(0, FAILURES_CHARS);
}

const END_CHARS = 2_000;
const FAILURES_CHARS = 10_000;

export function sum(counts: readonly Count[]): Count {
  const total = (key: keyof Count) => counts.reduce((sum, count) => sum + count[key], 0);
  return { passed: total("passed"), failed: total("failed"), skipped: total("skipped") };
}

export function textOf({ passed, failed, skipped }: Count): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
