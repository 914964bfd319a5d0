import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** More of them than anybody needs; each costs a descriptor. */
const MOST = 256;

/**
 * Deno's watcher opens what appears in a folder, and with a named pipe it waits there until somebody writes to it. A pipe
 * that is open for both sides makes nobody wait, so all that are found are kept open, until they are gone.
 */
export class Pipes {
  readonly #held = new Map<string, Deno.FsFile>();

  /** Finds those below a folder. */
  hold(folder: string): void {
    const found = pipesBelow(folder);
    for (const [path, file] of this.#held) {
      if (found.delete(path)) continue;
      file.close();
      this.#held.delete(path);
    }
    for (const path of found) {
      if (this.#held.size >= MOST) break;
      try {
        this.#held.set(path, Deno.openSync(path, { read: true, write: true }));
      } catch {
        // It went away meanwhile, or is nobody's to open: then the watcher does not open it either.
      }
    }
  }
}

function pipesBelow(folder: string): Set<string> {
  const found = new Set<string>();
  const pending = [folder];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat?.isFIFO()) found.add(path);
    if (stat?.isDirectory()) { for (const name of namesIn(path)) pending.push(join(path, name)); }
  }
  return found;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
