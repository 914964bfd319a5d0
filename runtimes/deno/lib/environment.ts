import type { Settings } from "../../shared/settings.ts";

/** A function sees its own environment, and what programs need to find their way. */
const KEPT = [
  "PATH",
  "HOME",
  "LANG",
  "TZ",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "http_proxy",
  "https_proxy",
  "NO_PROXY",
  "no_proxy",
];

/** Where a function's own files are, at their paths below its root. */
const FILES = "/function";

/** Where it has none there may be no such folder. */
function enter(folder: string): void {
  try {
    Deno.chdir(`${FILES}/${folder}`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

export function becomeFunction({ env, folder = "" }: Pick<Settings, "env" | "folder">): void {
  enter(folder);
  for (const name of Object.keys(Deno.env.toObject())) {
    if (!KEPT.includes(name)) Deno.env.delete(name);
  }
  for (const [name, value] of Object.entries(env)) Deno.env.set(name, value);
}
