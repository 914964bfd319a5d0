/**
 * web-platform-tests, in plain Deno and in the engine: Mayfly passes what Deno passes, but for what is listed in
 * wpt/expectations.json. `MAYFLY_WPT=update deno test -A tests/wpt_test.ts` writes that list anew.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { engineFiles } from "../runtimes/js/test/sandbox.ts";
import { beyond, gapsOf, readGaps, tally, writeGaps } from "./wpt/expectations.ts";
import { readPages } from "./wpt/pages.ts";
import { DENO, MAYFLY, runPages } from "./wpt/run_pages.ts";
import { NoTests, webPlatformTests } from "./wpt/source.ts";

const UPDATE = Deno.env.get("MAYFLY_WPT") === "update";
/** Of what Deno passes in a folder. */
const SHARE = 0.95;

const root = await webPlatformTests().catch((error) => {
  if (!(error instanceof NoTests) || Deno.env.get("CI")) throw error;
  console.log(`Skipping web-platform-tests: ${error.message}`);
  return null;
});

async function run(root: string) {
  await engineFiles();
  const pages = await readPages(root);
  const harness = await Deno.readTextFile(join(root, "resources", "testharness.js"));
  const width = Math.min(4, navigator.hardwareConcurrency);
  const deno = await runPages(DENO, pages, harness, width);
  const gaps = gapsOf(deno, await runPages(MAYFLY, pages, harness, width));
  return { gaps, folders: tally(deno, gaps) };
}

const ran = root === null ? null : await run(root);
if (ran && UPDATE) await writeGaps(ran.gaps);

Deno.test({ name: "what passed of web-platform-tests still does", ignore: ran === null }, async () => {
  const known = await readGaps();
  assert.deepEqual(beyond(ran!.gaps, known), []);
  const better = beyond(known, ran!.gaps);
  if (better.length > 0) console.log(`${better.length} more pass: MAYFLY_WPT=update keeps them`, better.slice(0, 20));
});

for (const [folder, { deno, mayfly }] of ran?.folders ?? []) {
  Deno.test(`${folder}: Mayfly passes ${mayfly} of the ${deno} web-platform-tests that Deno passes`, () => {
    assert.ok(mayfly >= SHARE * deno);
  });
}
