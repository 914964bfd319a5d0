import { posix } from "node:path";
import { Slices } from "./slices.ts";

export type Language = "js" | "python" | "wasi" | "native";

/** Something in the functions folder that is to be a function. */
export interface Source {
  readonly name: string;
  /** What is run, relative to the root. */
  readonly file: string;
  /** Of a function that is a folder; all files in it are part of it. */
  readonly folder: string | null;
  readonly language: Language;
  /** Why it cannot be a function after all. */
  readonly problem: string | null;
}

const LANGUAGES: Readonly<Record<string, Language>> = {
  ".ts": "js",
  ".tsx": "js",
  ".js": "js",
  ".jsx": "js",
  ".mjs": "js",
  ".py": "python",
  ".wasm": "wasi",
};
const NO_FUNCTION = /\.d\.ts$|\.test\.[^./]+$/;
const SERVER = "server";
const PROGRAMS = ["main", SERVER];
const LONGEST_PATH = 1024;

/** What is among the files of a root. */
export interface Found {
  /** By name. */
  readonly sources: ReadonlyMap<string, Source>;
  /** Those whose name another one has. */
  readonly doubles: readonly Source[];
}

export interface FilesOfRoot {
  /** Without hidden ones and node_modules. */
  readonly paths: Iterable<string>;
  /** Whether it is an executable ELF file. */
  isProgram(path: string): boolean;
  /** Folders with a `run` in mayfly.json. */
  readonly runs: ReadonlySet<string>;
  /** The file that a function is made from so far: of two for one name, it was the first. */
  fileOf(name: string): string | null;
}

export async function findSources({ paths, isProgram, runs, fileOf }: FilesOfRoot): Promise<Found> {
  const slices = new Slices();
  const all = [...paths].filter(isPublic).sort();
  const mains = [...runs].filter((folder) => all.some((path) => path.startsWith(`${folder}/`)))
    .map((folder) => source(folder, folder, folder, "native"));
  for (const path of all) {
    const main = mainOf(path, isProgram);
    if (main !== null && !runs.has(main.name)) mains.push(main);
  }
  const folders = new Set(mains.map(({ name }) => name));
  const candidates = mains.filter(({ name }) => !isInside(posix.dirname(name), folders));
  for (const path of all) {
    if (slices.isDue) await slices.pause();
    const candidate = isInside(posix.dirname(path), folders) ? null : fileSource(path, isProgram);
    if (candidate) candidates.push(candidate);
  }
  return oneForEachName(candidates, fileOf);
}

function oneForEachName(candidates: readonly Source[], fileOf: FilesOfRoot["fileOf"]): Found {
  const sources = new Map<string, Source>();
  const doubles: Source[] = [];
  for (const [name, rivals] of Map.groupBy(candidates, ({ name }) => name)) {
    const known = fileOf(name);
    const first = rivals.find(({ file }) => file === known) ?? rivals[0];
    sources.set(name, first);
    for (const second of rivals) {
      if (second === first) continue;
      const problem = `Cannot deploy ${second.file}: the name ${name} is taken by ${first.file}`;
      doubles.push({ ...second, problem });
    }
  }
  return { sources, doubles };
}

export const isPublic = (path: string): boolean =>
  !path.split("/").some((part) => part.startsWith("_") || part.startsWith("."));

/** Of a folder: one that `run` starts, or an executable of that name. What else a function is, its build tells. */
export function isServer({ file, folder, language }: Source): boolean {
  return language === "native" && folder !== null && (file === folder || posix.basename(file) === SERVER);
}

/** The outermost folder counts: nothing in it is routed. */
export function isInside(folder: string, folders: ReadonlySet<string>): boolean {
  for (let at = folder; at !== "."; at = posix.dirname(at)) if (folders.has(at)) return true;
  return false;
}

/** `report/main.py` makes a function of `report`. */
function mainOf(path: string, isProgram: (path: string) => boolean): Source | null {
  const { dir: folder, base, name, ext } = posix.parse(path);
  if (folder === "" || NO_FUNCTION.test(base)) return null;
  if (PROGRAMS.includes(base) && isProgram(path)) return source(folder, path, folder, "native");
  return name === "main" && LANGUAGES[ext] ? source(folder, path, folder, LANGUAGES[ext]) : null;
}

function fileSource(path: string, isProgram: (path: string) => boolean): Source | null {
  const { base, ext } = posix.parse(path);
  if (NO_FUNCTION.test(base)) return null;
  if (LANGUAGES[ext] && base !== ext) return source(path.slice(0, -ext.length), path, null, LANGUAGES[ext]);
  return isProgram(path) ? source(path, path, null, "native") : null;
}

function source(name: string, file: string, folder: string | null, language: Language): Source {
  return { name, file, folder, language, problem: nameProblem(file) };
}

function nameProblem(path: string): string | null {
  // deno-lint-ignore no-control-regex
  if (/[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffd]/.test(path)) {
    return "Cannot deploy it: its name has characters that cannot be shown";
  }
  if (path.length > LONGEST_PATH) return `Cannot deploy it: its path is longer than ${LONGEST_PATH} characters`;
  if (path.startsWith("@")) return "Cannot deploy it: a name that begins with @ is a tenant's folder";
  return null;
}
