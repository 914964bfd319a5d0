import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";

/**
 * Lets go whoever waits in opening a named pipe below a folder: Deno's watcher opens what appears in it, and waits there
 * for somebody to write. Opened for both sides, a pipe makes nobody wait.
 */
export function releasePipes(folder: string): void {
  const pending = [folder];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    try {
      if (stat?.isDirectory()) { for (const name of readdirSync(path)) pending.push(join(path, name)); }
      else if (stat?.isFIFO()) Deno.openSync(path, { read: true, write: true }).close();
    } catch {
      // It went away meanwhile, or is nobody's to read: then the watcher does not read it either.
    }
  }
}
