import { stripVTControlCharacters } from "node:util";

export interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const SUMMARY = /^(?:ok|FAILED) \| (\d+) passed(?: \(.*?\))? \| (\d+) failed(?: \(.*?\))?(?: \| (\d+) ignored)?/gm;

/** What `deno test` counted. A run that did not succeed, or did not get to its summary, has failed somewhere. */
export function countOf(run: { success: boolean; output: string }): Count {
  const summary = [...stripVTControlCharacters(run.output).matchAll(SUMMARY)].at(-1);
  const [passed, failed, skipped] = (summary ?? []).slice(1).map((number) => Number(number ?? 0));
  if (!summary) return { passed: 0, failed: 1, skipped: 0 };
  return { passed, failed: run.success ? failed : Math.max(failed, 1), skipped };
}
