/** The part of the Deno namespace that needs no machine below it. */
import { errors } from "./deno_errors.ts";
import { serve } from "./deno_serve.ts";
import { environment } from "./environment.ts";
import { inspect } from "./inspect.ts";
import { ownFolder, readFile, readTextFile } from "./read_own_files.ts";
import { VERSIONS } from "./versions.ts";

const refuse = (what: string, why: string) => (): never => {
  throw new errors.NotSupported(`Cannot ${what}: ${why}`);
};
const NO_WAITING = "a sandbox cannot wait without returning; use its promise version";

export const Deno = {
  env: environment,
  version: { deno: VERSIONS.deno, v8: "", typescript: "" },
  build: { os: "linux", arch: "wasm32", target: "wasm32-mayfly", vendor: "mayfly", env: undefined, standalone: false },
  args: [] as string[],
  mainModule: "file:///main.js",
  noColor: true,
  pid: 1,
  ppid: 0,
  errors,
  inspect: (value: unknown, options: { depth?: number } = {}): string =>
    inspect(value, options.depth === undefined ? {} : { depth: options.depth }),
  cwd: ownFolder,
  exit: refuse("exit", "a function's sandbox ends with its response"),
  readFile,
  readTextFile,
  readFileSync: refuse("use Deno.readFileSync", NO_WAITING),
  readTextFileSync: refuse("use Deno.readTextFileSync", NO_WAITING),
  serve,
};
