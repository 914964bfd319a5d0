import { BuildError } from "../tiers/tier.ts";
import { placed } from "./placed.ts";
import type { Place } from "./bundle_wire.ts";
import type { Program } from "./program.ts";
import type { Root } from "./root.ts";
import { stageFiles } from "./stage_files.ts";
import type { Source } from "./sources.ts";

/** Of what is no module of JavaScript: files alone decide. */
export function madeOfFiles(files: Readonly<Record<string, string>>): Program["made"] {
  return { files, mapped: [], compilerOptions: null, packages: [], lock: null };
}

/** Files of the root with their hashes, as far as they are there. */
export function hashesOf({ mirror }: Root, paths: Iterable<string>): Record<string, string> {
  const known = [...paths].flatMap((path) => {
    const file = mirror.files.get(path);
    return file ? [[path, file.hash]] : [];
  });
  return Object.fromEntries(known);
}

/** Where a guest sees the files of its function. */
const GUEST_FOLDER = "/function/";
/** `    at handler (handler.py:12:5)`, innermost first. A column is not always known. */
const FRAME = /^\s+at (?:[^\n]* \()?([^\n():]+):(\d+)(?::(\d+))?\)?$/m;

/** Python's: it may be in a library, or among the last lines of a server. */
const NO_MODULE = /^(.*ModuleNotFoundError: No module named '(\w+)[\w.]*')$/m;
const NAME_IT = "$1; if it is a package, requirements.txt has to name it, as $2==VERSION";

/** A program that is run from files: these are all that there is of it. */
export function filesProgram(
  root: Root,
  { file, folder }: Source,
  files: Readonly<Record<string, string>>,
): Pick<Program, "made" | "parts" | "stage" | "explain"> {
  return {
    made: madeOfFiles(files),
    parts: { file, entry: file, folder: folder ?? "", bundle: new Uint8Array() },
    stage: (versionFolder) => stageFiles(root, files, versionFolder),
    explain: (error) => Promise.resolve(inUsersFiles(error, file)),
  };
}

function inUsersFiles({ message, place: known, stack_ }: BuildError, file: string): BuildError {
  const place = known ?? firstFrame(stack_ ?? message);
  const text = message.replaceAll(GUEST_FOLDER, "").replace(NO_MODULE, NAME_IT);
  const stack = stack_?.replaceAll(GUEST_FOLDER, "") ?? null;
  const told = place === null && !text.startsWith(`${file}:`) ? `${file}: ${text}` : placed(text, place);
  return new BuildError(told, place, stack);
}

function firstFrame(stack: string): Place | null {
  const [, file, line, column = "1"] = FRAME.exec(stack) ?? [];
  return file === undefined ? null : { file, line: Number(line), column: Number(column) };
}
