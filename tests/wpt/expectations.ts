/** What Deno passes and Mayfly does not, by file and subtest: a list that may only get shorter. */
import type { Results } from "./run_pages.ts";

const FILE = new URL("expectations.json", import.meta.url);

/** By a file's path: the subtests that are known to fail. */
export type Gaps = Readonly<Record<string, readonly string[]>>;

export interface Tally {
  deno: number;
  mayfly: number;
}

export const readGaps = async (): Promise<Gaps> => JSON.parse(await Deno.readTextFile(FILE));

export async function writeGaps(gaps: Gaps): Promise<void> {
  await Deno.writeTextFile(FILE, `${JSON.stringify(gaps, null, 2)}\n`);
}

const passed = (results: Results | undefined): string[] =>
  Object.keys(results ?? {}).filter((name) => results![name] === "pass");

export function gapsOf(deno: ReadonlyMap<string, Results>, mayfly: ReadonlyMap<string, Results>): Gaps {
  const gaps: Record<string, string[]> = {};
  for (const path of [...deno.keys()].sort()) {
    const missing = passed(deno.get(path)).filter((name) => mayfly.get(path)?.[name] !== "pass").sort();
    if (missing.length > 0) gaps[path] = missing;
  }
  return gaps;
}

/** What is in the first and not in the second, as `file: subtest`. */
export function beyond(gaps: Gaps, known: Gaps): string[] {
  return Object.entries(gaps).flatMap(([path, names]) =>
    names.filter((name) => !known[path]?.includes(name)).map((name) => `${path}: ${name}`)
  );
}

/** By folder, how many subtests Deno passes, and how many of those Mayfly does. */
export function tally(deno: ReadonlyMap<string, Results>, gaps: Gaps): Map<string, Tally> {
  const folders = new Map<string, Tally>();
  for (const [path, results] of deno) {
    const folder = path.split("/").slice(0, /^(dom|html)\//.test(path) ? 2 : 1).join("/");
    const count = folders.get(folder) ?? { deno: 0, mayfly: 0 };
    const passing = passed(results).length;
    count.deno += passing;
    count.mayfly += passing - (gaps[path]?.length ?? 0);
    folders.set(folder, count);
  }
  return folders;
}
