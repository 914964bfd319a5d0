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
const PROGRAMS = ["main", "server"];
const LONGEST_PATH = 1024;

/**
 * The functions among the files of a root. `isProgram` tells of an executable ELF file; `runs` are the folders with a
 * `run` in mayfly.json. Files must come without hidden ones and node_modules.
 */
export async function findSources(
  files: Iterable<string>,
  isProgram: (path: string) => boolean,
  runs: ReadonlySet<string>,
): Promise<Map<string, Source>> {
  const slices = new Slices();
  const all = [...files].filter(isPublic).sort();
  const folders = new Map<string, Source>();
  for (const folder of runs) {
    if (all.some((path) => path.startsWith(`${folder}/`))) {
      folders.set(folder, { name: folder, file: folder, folder, language: "native", problem: null });
    }
  }
  for (const path of all) {
    const main = mainOf(path, isProgram);
    if (main === null || runs.has(main.name)) continue;
    const other = folders.get(main.name);
    const problem = other && `Cannot deploy ${main.name}: it has both ${other.file} and ${path}`;
    folders.set(main.name, problem ? { ...other, problem } : main);
  }
  const sources = new Map<string, Source>();
  const add = (source: Source) => {
    const other = sources.get(source.name);
    const problem = other && `Cannot deploy ${source.name}: it is both ${other.file} and ${source.file}`;
    sources.set(source.name, problem ? { ...other, problem } : source);
  };
  for (const [folder, source] of folders) if (!isInside(posix.dirname(folder), folders)) add(source);
  for (const path of all) {
    if (slices.isDue) await slices.pause();
    const source = isInside(posix.dirname(path), folders) ? null : fileSource(path, isProgram);
    if (source) add(source);
  }
  return sources;
}

const isPublic = (path: string): boolean =>
  !path.split("/").some((part) => part.startsWith("_") || part.startsWith("."));

/** The outermost folder counts: nothing in it is routed. */
function isInside(folder: string, folders: ReadonlyMap<string, Source>): boolean {
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
