import { safeJson } from "./safe_text.ts";
import type { Shell } from "./shell.ts";

const encoder = new TextEncoder();

/** One document, for machines. Returns the exit code of a command that did what it was asked. */
export function printJson(shell: Shell, value: unknown): 0 {
  shell.write(encoder.encode(`${safeJson(value, 2)}\n`));
  return 0;
}

/** One document in a line of its own. */
export function printJsonLine(shell: Shell, value: unknown): void {
  shell.write(encoder.encode(`${safeJson(value)}\n`));
}
