/** Of each test null, or why it failed. */
export type Results = ReadonlyMap<string, string | null>;

/** The last line of a suite that came to its end; all else in between is a kernel's. */
const END = /^suite ended$/m;

/** What a suite printed of its tests, and whether it came to its end. */
export function resultsIn(printed: string, told: string): Results {
  const results = new Map<string, string | null>();
  for (const [, not, name, why = "it does not say why"] of printed.matchAll(/^(not )?ok (.+?)(?:: (.*))?$/gm)) {
    results.set(name, not ? why : null);
  }
  const hasEnded = END.test(printed) && results.size > 0;
  results.set("the suite comes to its end", hasEnded ? null : `${printed}\n${told}`);
  return results;
}
