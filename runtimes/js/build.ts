/**
 * Builds the JavaScript engine (a WebAssembly module, from QuickJS-NG's sources and engine/*.c) and bundles its library
 * (one script, from lib/main.ts). Same inputs, same bytes.
 *
 * As a script: deno run -A runtimes/js/build.ts ZIG SOURCES OUT_FOLDER
 */
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { encodingTables } from "./encodings.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const ENGINE = join(here, "engine");
const LIBRARY = join(here, "lib");
const SHARED_LIBRARY = join(here, "..", "shared");
const REPO = join(here, "..", "..");
const FRAMES = join(REPO, "ffi", "shim");

const MiB = 1024 * 1024;
/**
 * A function has 512 MB at most, and the engine needs some of its own. What nobody touches costs nothing, so that this is
 * the size of every sandbox: a memory that cannot grow is all of its state.
 */
const MEMORY_BYTES = 544 * MiB;
/** Of the C code; JavaScript may use half of it, the rest is for what the interpreter calls without asking. */
const STACK_BYTES = 1 * MiB;

/** No bulk memory: the watchdog's kill is a page fault in a load or store of the module itself. */
const TARGET = ["-target", "wasm32-wasi", "-mcpu=mvp+sign_ext+mutable_globals+nontrapping_fptoint"];

const COMPILE = [
  ...["-std=gnu17", "-O2", "-DNDEBUG", "-fno-strict-aliasing", "-fwrapv", "-fno-ident", "-fno-sanitize=undefined"],
  ...["-Wall", "-Wextra", "-Werror", "-Wswitch-enum"],
];

const LINK = [
  ...["-s", "-mexec-model=reactor", `-Wl,-z,stack-size=${STACK_BYTES}`, "-Wl,--export=__stack_pointer"],
  ...[`-Wl,--initial-memory=${MEMORY_BYTES}`, `-Wl,--max-memory=${MEMORY_BYTES}`],
];

/**
 * QuickJS-NG keeps the lists of what promises call to itself; its promise hooks are not told of `await`. These lines of
 * quickjs.c are replaced so that such a call happens in the asynchronous context of its `then` (engine/async_context.c).
 */
const PATCHES: readonly (readonly [found: string, put: string])[] = [
  // The parser and JSON ask with these sizes. Their frames are small here and large on the native stack, which would
  // end first, in a trap: they get less than half of the stack that functions may use.
  [
    "sp = js_get_stack_pointer() - alloca_size;",
    "sp = js_get_stack_pointer() - (alloca_size == 0 || alloca_size == 1000 ? 320000 : alloca_size);",
  ],
  // A stack is the user's: frames of the library neither are in it nor count.
  ["backtrace_barrier = false;", "if (interpreter__hides(sf)) continue; backtrace_barrier = false;"],
  ["rd->handler = js_dup(handler);", "rd->handler = async_context__bind(ctx, handler);"],
  [
    "JS_EnqueueJob(ctx, js_promise_resolve_thenable_job, 3, args);",
    "JSValue bound = async_context__bind(ctx, then); args[2] = bound; " +
    "JS_EnqueueJob(ctx, js_promise_resolve_thenable_job, 3, args); JS_FreeValue(ctx, bound);",
  ],
];

/** What is in the C library and in platform.c too is taken from whichever comes first. */
const FIRST = "platform.c";

/** A program, with all of its environment. */
export interface Program {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface EngineBuild {
  /** `zig cc`. */
  readonly compiler: Program;
  /** The folder `upstream-quickjs` of the quickjs-ng source distribution. */
  readonly sources: string;
  readonly out: string;
}

/** Files, and the flags that they are compiled with: what the result's name is made from, beside zig and QuickJS-NG. */
export async function engineInputs(): Promise<{ files: string[]; flags: string[] }> {
  const frames = ["frames.h", "guest.h"].map((name) => join(FRAMES, name));
  return {
    files: [...await filesOf(ENGINE, /\.[ch]$/), ...frames],
    flags: [...TARGET, ...COMPILE, ...LINK, ...PATCHES.flat()],
  };
}

/** What the library imports of the server: numbers that both know. */
const SHARED = [
  "ffi/layout.ts",
  ...["operations.ts", "crypto/operations.ts", "fetch/operations.ts"].map((name) => `src/host/${name}`),
];

/** The same for the library, beside Deno. */
export async function libraryInputs(): Promise<{ files: string[]; flags: string[] }> {
  const folders = [LIBRARY, join(LIBRARY, "crypto"), join(LIBRARY, "node"), SHARED_LIBRARY];
  const sources = await Promise.all(folders.map((folder) => filesOf(folder, /\.ts$/)));
  const shared = SHARED.map((file) => join(REPO, file));
  return {
    files: [...sources.flat(), ...shared, join(here, "encodings.ts"), join(REPO, "deno.json")],
    flags: [...BUNDLE, ...INTRINSICS],
  };
}

export async function buildEngine({ compiler, sources, out }: EngineBuild): Promise<void> {
  const own = (await filesOf(ENGINE, /\.c$/)).map((file) => file.slice(ENGINE.length + 1));
  const ordered = [FIRST, ...own.filter((name) => name !== FIRST)];
  const patched = await Deno.makeTempDir({ prefix: "mayfly-quickjs-" });
  try {
    await Deno.writeTextFile(join(patched, "quickjs.c"), patch(await Deno.readTextFile(join(sources, "quickjs.c"))));
    const include = [patched, resolve(sources), FRAMES].map((folder) => `-I${folder}`);
    await run(compiler, [...TARGET, ...COMPILE, ...include, ...ordered, ...LINK, "-lm", "-o", resolve(out)], ENGINE);
  } finally {
    await Deno.remove(patched, { recursive: true });
  }
}

function patch(source: string): string {
  for (const [found, put] of PATCHES) {
    const parts = source.split(found);
    if (parts.length !== 2) throw new Error(`Cannot patch quickjs.c: it has ${parts.length - 1} lines of ${found}`);
    source = parts.join(put);
  }
  return source;
}

/** For a browser: what is Node's stays a call of `require`, which the wrapper has. */
const BUNDLE = ["bundle", "--quiet", "--format=iife", "--platform=browser"];
/** Where this machine keeps a package; it would be in the names of functions. */
const PACKAGE_FOLDER = /(?:\.\.\/)*[^"\s]*?\/npm\/[^/"\s]+\//g;

/**
 * The library and its packages see these as they were at its evaluation, whatever a function makes of the globals later.
 * Their methods are another matter: lib/primordials.ts.
 */
const INTRINSICS = [
  ...["AggregateError", "Array", "ArrayBuffer", "BigInt", "Boolean", "DOMException", "DataView", "Date", "Error"],
  ...["Float64Array", "Function", "Int8Array", "Iterator", "JSON", "Map", "Math", "Number", "Object"],
  ...["Promise", "Proxy", "RangeError", "Reflect", "RegExp", "Set", "String", "Symbol", "SyntaxError", "TypeError"],
  ...["Uint16Array", "Uint32Array", "Uint8Array", "WeakMap", "WeakRef", "WeakSet", "decodeURIComponent"],
  ...["encodeURIComponent", "isNaN", "parseFloat", "parseInt"],
];

/** `entry`: relative to lib/. */
export async function bundleLibrary(out: string, { entry = "main.ts", deno = thisDeno() } = {}): Promise<void> {
  await run(deno, [...BUNDLE, `--output=${resolve(out)}`, join(LIBRARY, entry)], REPO);
  const script = (await Deno.readTextFile(out)).replace(PACKAGE_FOLDER, "npm:");
  await Deno.writeTextFile(
    out,
    `((globalThis, { ${INTRINSICS.join(", ")} }, MAYFLY_ENCODINGS) => {
` +
      `const packages = {}, require = (name) => packages.require(name);
` +
      `${script}})(globalThis, globalThis, ${JSON.stringify(encodingTables())});
`,
  );
}

function thisDeno(): Program {
  return { command: [Deno.execPath()], env: Deno.env.toObject() };
}

async function run({ command: [program, ...first], env }: Program, args: string[], cwd: string): Promise<void> {
  const command = new Deno.Command(program, { args: [...first, ...args], cwd, env, clearEnv: true });
  const { success, stdout, stderr } = await command.output();
  if (success) return;
  const text = new TextDecoder();
  throw new Error(`Cannot build the engine: ${program} failed\n${text.decode(stdout)}${text.decode(stderr)}`);
}

async function filesOf(folder: string, pattern: RegExp): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (isFile && pattern.test(name) && !name.endsWith("_test.ts")) names.push(name);
  }
  return names.sort().map((name) => join(folder, name));
}

if (import.meta.main) {
  const [zig, sources, folder] = Deno.args;
  if (!folder) {
    console.error("Usage: deno run -A runtimes/js/build.ts ZIG SOURCES OUT_FOLDER");
    Deno.exit(2);
  }
  await Deno.mkdir(folder, { recursive: true });
  const cache = resolve(folder, "zig-cache");
  const env = { ...Deno.env.toObject(), ZIG_GLOBAL_CACHE_DIR: cache, ZIG_LOCAL_CACHE_DIR: cache };
  await Promise.all([
    buildEngine({ compiler: { command: [zig, "cc"], env }, sources, out: join(folder, "engine.wasm") }),
    bundleLibrary(join(folder, "library.js")),
  ]);
}
