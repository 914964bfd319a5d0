/**
 * web-platform-tests, in plain Deno and in the engine: what failed is known, and Mayfly passes what Deno passes. What a
 * slow machine does not finish is neither. `MAYFLY_WPT=update deno test -A tests/wpt_test.ts` writes the list of what is
 * known to fail anew.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { engineFiles } from "../runtimes/js/test/sandbox.ts";
import { expectationsOf, readExpectations, surprises, tally, writeExpectations } from "./wpt/expectations.ts";
import { FOLDERS, type Page, readPages } from "./wpt/pages.ts";
import { DENO, MAYFLY, type Outcomes, runPages } from "./wpt/run_pages.ts";
import { NoTests, webPlatformTests } from "./wpt/source.ts";

const UPDATE = Deno.env.get("MAYFLY_WPT") === "update";
/** Of what Deno passes in a folder. */
const SHARE = 0.95;
/** Pages of about 260 that a slow machine may leave unfinished. */
const UNFINISHED_AT_MOST = 5;
/** After the process began. All takes about 40 s on a quiet machine; tests/run.ts ends a file at 300 s. */
const UNTIL_MS = { mayfly: 150_000, deno: 220_000, again: 270_000 };

interface Ran {
  readonly deno: Outcomes;
  readonly mayfly: Outcomes;
}

async function run(root: string): Promise<Ran> {
  await engineFiles();
  const pages = await readPages(root);
  const harness = await Deno.readTextFile(join(root, "resources", "testharness.js"));
  const width = Math.min(4, navigator.hardwareConcurrency);
  const mayfly = await runPages(MAYFLY, pages, harness, { width, untilMs: UNTIL_MS.mayfly });
  const deno = await runPages(DENO, pages, harness, { width, untilMs: UNTIL_MS.deno });
  if (UPDATE) await writeExpectations(expectationsOf(deno, mayfly));
  else await runSurprisesAgain(mayfly, pages, harness);
  return { deno, mayfly };
}

/** Alone: what fails by chance beside others does not fail then. */
async function runSurprisesAgain(mayfly: Outcomes, pages: readonly Page[], harness: string) {
  const found = surprises(mayfly, await readExpectations());
  if (found.size === 0) return;
  console.log("Again, as they failed unexpectedly:", found);
  const again = pages.filter(({ path }) => found.has(path));
  for (const [path, results] of await runPages(MAYFLY, again, harness, { width: 1, untilMs: UNTIL_MS.again })) {
    mayfly.set(path, results);
  }
}

function printSummary({ deno, mayfly }: Ran): void {
  const line = (...cells: (string | number)[]) =>
    console.log(cells.map((cell, i) => i === 0 ? String(cell).padEnd(20) : String(cell).padStart(8)).join(""));
  line("", "Deno", "Mayfly", "share");
  for (const folder of FOLDERS) {
    const count = tally(folder, deno, mayfly);
    line(folder, count.deno, count.mayfly, `${(100 * count.mayfly / count.deno).toFixed(1)}%`);
  }
  for (const [name, outcomes] of Object.entries({ Deno: deno, Mayfly: mayfly })) {
    const late = unfinished(outcomes);
    console.log(
      `Unfinished in ${name}: ${late.length} of ${outcomes.size} pages (at most ${UNFINISHED_AT_MOST})`,
      ...late,
    );
  }
}

const unfinished = (outcomes: Outcomes): string[] =>
  [...outcomes].filter(([, results]) => results === null).map(([path]) => path);

const root = await webPlatformTests().catch((error) => {
  if (!(error instanceof NoTests)) throw error;
  return error;
});
const missing = root instanceof NoTests ? root.message : null;
if (missing) console.log(missing);
const ran = root instanceof NoTests ? null : await run(root);
if (ran) printSummary(ran);

Deno.test({ name: "web-platform-tests are there", ignore: missing !== null && !Deno.env.get("CI") }, () => {
  if (missing) assert.fail(missing);
});

Deno.test({ name: "what passed of web-platform-tests still does", ignore: !ran }, async () => {
  assert.deepEqual(surprises(ran!.mayfly, await readExpectations()), new Map());
});

Deno.test({ name: "nearly all pages of web-platform-tests finish", ignore: !ran }, () => {
  assert.ok(unfinished(ran!.deno).length <= UNFINISHED_AT_MOST);
  assert.ok(unfinished(ran!.mayfly).length <= UNFINISHED_AT_MOST);
});

for (const folder of FOLDERS) {
  Deno.test({ name: `Mayfly passes what Deno passes of web-platform-tests in ${folder}`, ignore: !ran }, () => {
    const { deno, mayfly } = tally(folder, ran!.deno, ran!.mayfly);
    assert.ok(deno > 0);
    // Where there are few, one is more than a twentieth.
    assert.ok(mayfly >= Math.min(SHARE * deno, deno - 1), `${mayfly} of ${deno}`);
  });
}
