import type { Place } from "./bundle_wire.ts";

const LINE_LENGTH = 200;

/** The line at a place, with a mark below the column; null where the text has no such line, or one too long to show. */
export function excerptOf(text: string, { line, column }: Place): string | null {
  const shown = text.split("\n", line)[line - 1]?.trimEnd();
  if (!shown || shown.length > LINE_LENGTH || column > shown.length) return null;
  const number = `${line}`;
  // Tabs stay, so that the mark stands where it should however wide they are.
  const before = shown.slice(0, column - 1).replace(/[^\t]/g, " ");
  return `  ${number} | ${shown}\n  ${" ".repeat(number.length)} | ${before}^`;
}
