/** What fails here of the tests, by page and subtest: a list that may only get shorter. */
import type { Outcomes, Results } from "./run_pages.ts";

const FILE = new URL("expectations.json", import.meta.url);
/** Of a page of which nothing passes: all its subtests. */
const ALL = ["*"];

type Subtests = Readonly<Record<string, readonly string[]>>;

/** Both are known; by which of them Deno passes, when the list was written, readers see what is missing here. */
export interface Expectations {
  readonly denoPasses: Subtests;
  readonly denoFails: Subtests;
}

export const readExpectations = async (): Promise<Expectations> => JSON.parse(await Deno.readTextFile(FILE));

export async function writeExpectations(expectations: Expectations): Promise<void> {
  await Deno.writeTextFile(FILE, `${JSON.stringify(expectations, null, 2)}\n`);
}

const names = (results: Results | null | undefined, ended: "passed" | "failed"): string[] =>
  Object.keys(results ?? {}).filter((name) => (results![name] === "pass") === (ended === "passed")).sort();

export function expectationsOf(deno: Outcomes, mayfly: Outcomes): Expectations {
  const denoPasses: Record<string, readonly string[]> = {};
  const denoFails: Record<string, readonly string[]> = {};
  for (const path of [...mayfly.keys()].sort()) {
    const passedInDeno = names(deno.get(path), "passed");
    const failed = names(mayfly.get(path), "failed");
    const here = failed.filter((name) => passedInDeno.includes(name));
    const everywhere = failed.filter((name) => !passedInDeno.includes(name));
    const nothingPasses = passedInDeno.length === 0 && names(mayfly.get(path), "passed").length === 0;
    if (here.length > 0) denoPasses[path] = here;
    if (everywhere.length > 0) denoFails[path] = nothingPasses ? ALL : everywhere;
  }
  return { denoPasses, denoFails };
}

/** The subtests that ran and failed, by page, though they are not known to. */
export function surprises(mayfly: Outcomes, { denoPasses, denoFails }: Expectations): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [path, results] of mayfly) {
    const known = new Set([...denoPasses[path] ?? [], ...denoFails[path] ?? []]);
    const unknown = known.has(ALL[0]) ? [] : names(results, "failed").filter((name) => !known.has(name));
    if (unknown.length > 0) found.set(path, unknown);
  }
  return found;
}

/** How many of the subtests that Deno passes Mayfly passes, of a folder's pages that finished in both. */
export interface Tally {
  deno: number;
  mayfly: number;
}

export function tally(folder: string, deno: Outcomes, mayfly: Outcomes): Tally {
  const count = { deno: 0, mayfly: 0 };
  for (const [path, results] of mayfly) {
    if (!path.startsWith(`${folder}/`) || results === null) continue;
    const passed = names(deno.get(path), "passed");
    count.deno += passed.length;
    count.mayfly += passed.filter((name) => results[name] === "pass").length;
  }
  return count;
}
