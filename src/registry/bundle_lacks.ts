import { LACKED } from "./wasm_lacks.ts";

/**
 * Finds what the Wasm tier lacks in what users wrote. esbuild knows which names are free and which code is left out, so
 * it marks them: the mark is as long as the name, and no column moves. Packages are left to their evaluation, because
 * they have branches for every engine that there is.
 */
const MARK = "\u01c0";

const marked = (name: string): string => name.replace(/[^.]+$/, (last) => MARK + last.slice(1));

export const LACK_DEFINES: Readonly<Record<string, string>> = Object.fromEntries(
  [...LACKED.keys()].map((name) => [name, marked(name)]),
);

const NAME_OF: ReadonlyMap<string, string> = new Map([...LACKED.keys()].map((name) => [marked(name), name]));
const MARKED_NAME = new RegExp(`(?:\\w+\\.)?${MARK}\\w+`, "g");

export interface Lack {
  readonly name: string;
  readonly message: string;
  /** Of the text: its line and column count from 1 and 0. */
  readonly line: number;
  readonly column: number;
  /** It only asks whether it is there: `typeof WebAssembly`, `Intl.Segmenter ? 1 : 2`. */
  readonly asked: boolean;
}

/** A free name that is not there throws when it is asked in any other way than by `typeof`; a member does not. */
function isAsked(name: string, before: string, after: string): boolean {
  if (/\btypeof\s*\(?$/.test(before)) return true;
  if (!name.includes(".")) return false;
  return /^\s*(\?|&&|\|\|)/.test(after) || /!$/.test(before) || (/\bif\s*\($/.test(before) && /^\s*\)/.test(after));
}

/** The bundle without marks, and where they were. */
export function takeMarks(text: string): { code: Uint8Array<ArrayBuffer>; lacks: Lack[] } {
  const encoder = new TextEncoder();
  if (!text.includes(MARK)) return { code: encoder.encode(text), lacks: [] };
  const lacks: Lack[] = [];
  const lines = text.split("\n").map((line, index) =>
    line.replace(MARKED_NAME, (found, column: number) => {
      const name = NAME_OF.get(found);
      if (name === undefined) return found;
      const message = `Cannot run it: ${LACKED.get(name)}`;
      const asked = isAsked(name, line.slice(0, column), line.slice(column + found.length));
      lacks.push({ name, message, line: index + 1, column, asked });
      return name;
    })
  );
  return { code: encoder.encode(lines.join("\n")), lacks };
}
