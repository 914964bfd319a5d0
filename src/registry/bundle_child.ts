import { resolve } from "node:path";
import { build, type BuildFailure, type BuildOptions, type Message, type Metafile, transform } from "esbuild";
import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";
import { LIMITS } from "../limits.ts";
import { unavailableModules } from "./bundle_builtins.ts";
import { importersOf } from "./bundle_importers.ts";
import { type Lack, LACK_DEFINES, takeMarks } from "./bundle_lacks.ts";
import { META_DEFINE } from "./bundle_meta.ts";
import { RootFiles } from "./bundle_plugin.ts";
import {
  type BundleFacts,
  type BundleProblem,
  type BundleReply,
  type BundleRequest,
  type CompilerOptions,
  FrameReader,
  type Place,
} from "./bundle_wire.ts";
import { type ConfigLiteral, LiteralError, readConfigLiteral, type TextPlace } from "./config_literal.ts";

/**
 * The program of the child that bundles for one root, in that root's mirror, with the permission to read there and
 * in the root's packages. It runs no code of the root's. It answers requests from stdin until that ends.
 */
async function main(): Promise<void> {
  const root = Deno.cwd();
  const requests = new FrameReader(Deno.stdin.readable);
  // Starts esbuild while the first request is still on its way.
  transform("");
  for (let line = await requests.line(); line !== null; line = await requests.line()) {
    bundle(root, JSON.parse(line)).then(({ reply, parts }) => write(reply, parts));
  }
  Deno.exit(0);
}

let written = Promise.resolve();

function write(reply: BundleReply, parts: readonly Uint8Array[]): void {
  const head = new TextEncoder().encode(JSON.stringify(reply) + "\n");
  written = written.then(async () => {
    for (const part of [head, ...parts]) {
      for (let at = 0; at < part.length;) at += await Deno.stdout.write(part.subarray(at));
    }
  });
}

async function bundle(root: string, request: BundleRequest): Promise<{ reply: BundleReply; parts: Uint8Array[] }> {
  const files = new RootFiles(root, request, 2 * LIMITS.bundleBytes);
  let problems: readonly BundleProblem[] = [];
  let bundled: { facts: BundleFacts; parts: Uint8Array[] } | null = null;
  try {
    const { outputFiles, metafile } = await build(options(root, request, files));
    const { code, lacks } = takeMarks(outputFiles.find(({ path }) => path.endsWith(".js"))!.text);
    const map = JSON.parse(outputFiles.find(({ path }) => path.endsWith(".map"))!.text);
    const knownName = (source: string) => isOurs(source) ? null : nameOf(source, root, files);
    map.sources = map.sources.map(knownName);
    problems = [...lacksOf(lacks, map), ...unavailableOf(metafile, root, files)];
    if (files.missing.size === 0 && problems.length === 0) {
      bundled = describe(code, map, metafile, request, files, importersOf(metafile, knownName));
    }
  } catch (error) {
    problems = problemsOf(error, root, files);
  }
  const reply: BundleReply = {
    id: request.id,
    wanted: [...files.wanted],
    missing: [...files.missing],
    problems,
    bundle: bundled?.facts ?? null,
  };
  return { reply, parts: bundled?.parts ?? [] };
}

/** In the root's own files, where no `typeof` asks for the same name; see bundle_lacks.ts. */
function lacksOf(lacks: readonly Lack[], map: object): BundleProblem[] {
  if (lacks.length === 0) return [];
  const trace = new TraceMap(map as ConstructorParameters<typeof TraceMap>[0]);
  const placed = lacks.map((lack) => ({ ...lack, place: placeOf(originalPositionFor(trace, lack)) }));
  const own = placed.filter(({ place }) => place !== null && !place.file.startsWith("npm:"));
  const isAsked = (name: string, file: string) =>
    own.some((other) => other.asked && other.name === name && other.place!.file === file);
  return own.filter(({ name, place }) => !isAsked(name, place!.file)).map(({ message, place }) => ({ message, place }));
}

/** Told at the file that imports it. */
function unavailableOf({ inputs, outputs }: Metafile, root: string, files: RootFiles): BundleProblem[] {
  const used = Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs));
  return unavailableModules(used).map(({ name, why }) => {
    const needs = ([path, { imports }]: [string, Metafile["inputs"][string]]) =>
      used.includes(path) && imports.some((one) => one.path === `unavailable:${name}`);
    const importer = Object.entries(inputs).find(needs)?.[0] ?? "";
    return { message: `Cannot run it: ${why}`, place: { file: nameOf(importer, root, files), line: 1, column: 1 } };
  });
}

function options(root: string, request: BundleRequest, files: RootFiles) {
  const { jsx, ...compilerOptions } = request.compilerOptions;
  return {
    absWorkingDir: root,
    // A name of our own: in the user's, a star would be a pattern.
    entryPoints: ["entry"],
    outfile: "bundle.js",
    bundle: true,
    write: false,
    metafile: true,
    sourcemap: "external",
    sourcesContent: false,
    format: "esm",
    target: "es2024",
    charset: "utf8",
    legalComments: "none",
    logLevel: "silent",
    ...(request.tier === "vm" ? FOR_DENO : FOR_WASM),
    tsconfigRaw: { compilerOptions: { jsx: jsxMode(jsx), ...compilerOptions } as CompilerOptions & { jsx: JsxMode } },
    plugins: [files.plugin],
  } satisfies BuildOptions;
}

const DEFINES = { "process.env.NODE_ENV": '"production"', ...META_DEFINE };
/** As for other servers that have the web's API and no Node: a package's build for workers, else for browsers. */
const FOR_WASM = {
  platform: "browser",
  conditions: ["worker", "module"],
  define: { ...DEFINES, ...LACK_DEFINES },
} satisfies BuildOptions;
/** As Deno itself finds the files of packages. */
const FOR_DENO = {
  platform: "node",
  conditions: ["deno"],
  mainFields: ["module", "main"],
  define: DEFINES,
} satisfies BuildOptions;

type JsxMode = "react" | "react-jsx";

/** Deno's default is `react`, and its `precompile` only changes how fast it renders. */
function jsxMode(jsx: string | undefined): JsxMode {
  return jsx === undefined || jsx === "react" ? "react" : "react-jsx";
}

function describe(
  code: Uint8Array,
  map: object,
  { outputs }: Metafile,
  request: BundleRequest,
  files: RootFiles,
  importers: BundleFacts["importers"],
): { facts: BundleFacts; parts: Uint8Array[] } {
  if (code.length > LIMITS.bundleBytes) {
    throw new BundleError(`Cannot deploy ${request.entry}: its bundle is larger than ${LIMITS.bundleBytes >> 20} MB`);
  }
  const mapBytes = new TextEncoder().encode(JSON.stringify(map));
  const hasConfig = Object.values(outputs).some(({ exports }) => exports.includes("config"));
  return {
    facts: {
      codeBytes: code.length,
      mapBytes: mapBytes.length,
      files: Object.fromEntries(files.hashes),
      mapped: files.mapped,
      packages: [...files.packages.used].sort(),
      importers,
      config: hasConfig ? configOf(new TextDecoder().decode(code), map, request.entry) : null,
    },
    parts: [code, mapBytes],
  };
}

class BundleError extends Error {
  constructor(message: string, readonly place: Place | null = null) {
    super(message);
  }
}

function configOf(code: string, map: object, entry: string): BundleFacts["config"] {
  const trace = new TraceMap(map as ConstructorParameters<typeof TraceMap>[0]);
  // The entry's own text comes last. Reading what comes before it, too, takes 0.1 s for 1 MB of packages.
  const entryAt = Math.max(0, code.lastIndexOf(`\n// root:${entry}\n`));
  let failure: BundleError | null = null;
  for (const from of [entryAt, 0]) {
    const linesBefore = code.slice(0, from).split("\n").length - 1;
    const place = ({ line, column }: TextPlace) =>
      placeOf(originalPositionFor(trace, { line: line + linesBefore, column }));
    try {
      const literal = readConfigLiteral(code.slice(from));
      return literal && withPlaces(literal, place);
    } catch (error) {
      if (!(error instanceof LiteralError)) throw error;
      failure = new BundleError(error.message, error.place && place(error.place));
      if (error.place) break;
    }
  }
  throw failure;
}

function withPlaces(literal: ConfigLiteral, place: (at: TextPlace) => Place | null): BundleFacts["config"] {
  const places = [...literal.places].map(([key, at]) => [key, place(at)] as const);
  return {
    value: literal.value,
    places: Object.fromEntries(places.filter((entry): entry is [string, Place] => entry[1] !== null)),
  };
}

function placeOf(
  { source, line, column }: { source: string | null; line: number | null; column: number | null },
): Place | null {
  return source === null || line === null || column === null ? null : { file: source, line, column: column + 1 };
}

function problemsOf(error: unknown, root: string, files: RootFiles): BundleProblem[] {
  if (error instanceof BundleError) return [{ message: error.message, place: error.place }];
  const messages = (error as Partial<BuildFailure>).errors;
  if (messages === undefined) return [{ message: String(error), place: null }];
  return messages.map((message) => problemOf(message, root, files));
}

function problemOf({ text, location }: Message, root: string, files: RootFiles): BundleProblem {
  if (location === null) return { message: text, place: null };
  const file = nameOf(
    location.namespace === "" ? location.file : `${location.namespace}:${location.file}`,
    root,
    files,
  );
  return { message: text, place: { file, line: location.line, column: location.column + 1 } };
}

/** Made by the plugin: what fails there failed where it was asked for. */
const isOurs = (source: string): boolean => /^(node|real|library|meta|unavailable):/.test(source);

/** The user's file, or the package's, never a path of this machine. */
function nameOf(source: string, root: string, files: RootFiles): string {
  if (source.startsWith("root:")) return source.replace(/^(root:)+/, "").replace(/ with \{.*\}$/, "");
  if (/^<?data/.test(source)) return "data:";
  return files.packages.nameOf(resolve(root, source.replace(/^file:/, "")));
}

if (import.meta.main) await main();
