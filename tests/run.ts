/**
 * Prepares everything, runs all tests (or those of the files and folders in the arguments), and counts them on its
 * last line. Each file has a process of its own: one that crashes or hangs takes no other with it.
 */
import { join } from "node:path";
import { OperatorError } from "../src/errors.ts";
import { startSetup, vmProgram } from "../src/setup/setup.ts";
import { type Count, countOf, failuresIn, sum, textOf } from "./count.ts";

const AREAS = ["src", "ffi", "runtimes", "tests"];
const FILE_LIMIT_S = 600;
/** Most files wait half of their time, for processes that start and for the disk. */
const FILES_AT_ONCE = 2;

async function prepare(): Promise<boolean> {
  try {
    const { shim, engine } = startSetup({ progress: console.log });
    await Promise.all([shim, engine, vmProgram({ progress: console.log })]);
    return true;
  } catch (error) {
    console.error(error instanceof OperatorError ? `Error: ${error.message}\nTry: ${error.hint}` : error);
    return false;
  }
}

async function testFilesOf(path: string): Promise<string[]> {
  if ((await Deno.stat(path)).isFile) return [path];
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(path)) {
    if (isDirectory) found.push(...await testFilesOf(join(path, name)));
    else if (name.endsWith("_test.ts")) found.push(join(path, name));
  }
  return found.sort();
}

/** Shows what the runner printed, and counts by it. At the limit all that the tests started is ended too. */
async function runFile(file: string): Promise<{ count: Count; output: string }> {
  const limit = ["--kill-after=5", String(FILE_LIMIT_S)];
  const test = new Deno.Command("timeout", {
    args: [...limit, Deno.execPath(), "test", "--allow-all", file],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const end = () => {
    test.kill("SIGTERM");
    Deno.exit(130);
  };
  Deno.addSignalListener("SIGINT", end);
  const { success, stdout, stderr } = await test.output();
  Deno.removeSignalListener("SIGINT", end);
  // In one piece: other files run beside it.
  const output = new TextDecoder().decode(stdout);
  console.log(output + new TextDecoder().decode(stderr));
  return { count: countOf({ success, output }), output };
}

async function runAll(paths: readonly string[]): Promise<Count> {
  const counts: Count[] = [];
  const failures: string[] = [];
  const files = (await Promise.all(paths.map(testFilesOf))).flat().values();
  const lane = async () => {
    for (const file of files) {
      const { count, output } = await runFile(file);
      counts.push(count);
      if (count.failed > 0) failures.push(`${file}:\n${failuresIn(output)}\n`);
    }
  };
  await Promise.all(Array.from({ length: FILES_AT_ONCE }, lane));
  // Once more at the end, where it is found.
  for (const failure of failures) console.log(failure);
  return sum(counts);
}

const count = await prepare() ? await runAll(Deno.args.length > 0 ? Deno.args : AREAS) : countOf(null);
console.log(textOf(count));
Deno.exit(count.failed > 0 || count.passed === 0 ? 1 : 0);
