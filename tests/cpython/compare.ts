import type { Outcomes } from "./suite.ts";

/** What passes on the host and not in a VM, and which of that is known. */

export interface Difference {
  readonly test: string;
  readonly inVm: string;
  readonly why: string;
}

export interface Expected {
  /** Differences on every machine: reason to tests, of which `*` stands for any part. One that is gone has to go here, too. */
  readonly always: Readonly<Record<string, readonly string[]>>;
  /** Those that depend on the host's user or on what is installed there. */
  readonly sometimes: Readonly<Record<string, readonly string[]>>;
}

export interface Findings {
  readonly new: readonly Difference[];
  /** Patterns of `always` that no difference has. */
  readonly gone: readonly string[];
}

/** A guest has no child processes: what says so in its traceback is told by that. */
const NO_CHILD = /_fork_exec|os\.fork\(|forkpty|posix_spawn|subprocess\.py|script_helper|BlockingIOError: \[Errno 11\]/;

/** CPython names a test in a package by the package; here all begin with the module. */
const shortName = (test: string) => test.replace(/^test\./, "");

export function differences(host: Outcomes, vm: Outcomes): Difference[] {
  const found: Difference[] = [];
  for (const [test, { outcome }] of host) {
    if (outcome !== "ok" && outcome !== "expected failure") continue;
    const { outcome: inVm, why } = vm.get(test) ?? { outcome: "missing", why: "" };
    if (inVm !== outcome && !NO_CHILD.test(why)) found.push({ test: shortName(test), inVm, why: lastLine(why) });
  }
  return found;
}

/** Of `modules` only: what was not run does not say that a difference is gone. */
export function judge(found: readonly Difference[], modules: readonly string[], expected: Expected): Findings {
  const always = Object.values(expected.always).flat();
  const known = [...always, ...Object.values(expected.sometimes).flat()].map(patternOf);
  const wasRun = (pattern: string) => modules.some((module) => pattern.startsWith(`${module}.`));
  return {
    new: found.filter(({ test }) => !known.some((pattern) => pattern.test(test))),
    gone: always.filter((text) => wasRun(text) && !found.some(({ test }) => patternOf(text).test(test))),
  };
}

function patternOf(text: string): RegExp {
  return new RegExp(`^${text.split("*").map((part) => part.replace(/[.\\[\]()]/g, "\\$&")).join(".*")}$`);
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1) ?? "";
}
