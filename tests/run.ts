/** Prepares everything, runs all tests (or those below the paths in the arguments), and counts them on its last line. */
import { OperatorError } from "../src/errors.ts";
import { startSetup } from "../src/setup/setup.ts";
import { countOf } from "./count.ts";

const AREAS = ["src", "ffi", "runtimes", "tests"];

async function prepare(): Promise<boolean> {
  try {
    const { shim, engine } = startSetup({ progress: console.log });
    await Promise.all([shim, engine]);
    return true;
  } catch (error) {
    console.error(error instanceof OperatorError ? `Error: ${error.message}\nTry: ${error.hint}` : error);
    return false;
  }
}

/** All that the test runner printed, which it shows meanwhile. */
async function runTests(areas: readonly string[]): Promise<{ success: boolean; output: string }> {
  const test = new Deno.Command(Deno.execPath(), { args: ["test", "--allow-all", ...areas], stdout: "piped" }).spawn();
  const [shown, kept] = test.stdout.tee();
  const [output, { success }] = await Promise.all([
    new Response(kept).text(),
    test.status,
    shown.pipeTo(Deno.stdout.writable, { preventClose: true }),
  ]);
  return { success, output };
}

const result = await prepare()
  ? await runTests(Deno.args.length > 0 ? Deno.args : AREAS)
  : { success: false, output: "" };
const { passed, failed, skipped } = countOf(result);
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
Deno.exit(failed > 0 ? 1 : 0);
