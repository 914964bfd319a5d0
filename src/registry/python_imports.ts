import { posix } from "node:path";
import type { PythonImport } from "./python_scan.ts";

/** A package below a package below a package: nobody's real modules are deeper. */
const MOST_PARTS = 32;

/**
 * Files that an import may be about, there or not, relative to the root: too many are harmless. `folders` are those in
 * which the guest looks for modules; `file` is the one that imports.
 */
export function candidatesOf([level, module, name]: PythonImport, file: string, folders: readonly string[]): string[] {
  const parts = module.split(".").filter((part) => part !== "").slice(0, MOST_PARTS);
  if (level > 0) return below(above(posix.dirname(file), level - 1), parts, name);
  return folders.flatMap((folder) => below(folder, parts, name));
}

/** Null: it would lead out of the root. */
function above(folder: string, levels: number): string | null {
  let at = folder === "." ? "" : folder;
  for (; levels > 0; levels--) {
    if (at === "") return null;
    at = parentOf(at);
  }
  return at;
}

const parentOf = (folder: string): string => folder.includes("/") ? posix.dirname(folder) : "";

function below(folder: string | null, parts: readonly string[], name: string | null): string[] {
  if (folder === null) return [];
  const found: string[] = [];
  let at = folder;
  if (parts.length === 0) found.push(within(at, "__init__.py"));
  for (const [index, part] of parts.entries()) {
    at = within(at, part);
    found.push(within(at, "__init__.py"));
    if (index === parts.length - 1) found.push(`${at}.py`);
  }
  if (name !== null && name !== "*") found.push(`${within(at, name)}.py`, within(at, `${name}/__init__.py`));
  return found;
}

const within = (folder: string, name: string): string => folder === "" ? name : `${folder}/${name}`;
