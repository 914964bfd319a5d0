/**
 * What a guest or a file's name says is hostile to a terminal: control characters (C0, C1, DEL) command it, format
 * characters (bidi overrides, invisible ones) make it show something else. Joiners and variation selectors stay:
 * scripts and emoji need them.
 */
const UNSAFE = /(?![\u200c\u200d\ufe00-\ufe0f])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** One line, every unsafe character as a visible escape. */
export function safeText(text: string): string {
  return text.replace(UNSAFE, visible);
}

/** The lines of a longer text, safe each; tabs keep their indentation. */
export function safeLines(text: string): string[] {
  return text.replaceAll("\t", "    ").split(/\r?\n/).map(safeText);
}

/** JSON says the same with escapes: whoever parses it gets the text as it was. */
export function safeJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(UNSAFE, (char) => char === "\n" ? char : utf16Escapes(char));
}

function visible(char: string): string {
  const code = char.codePointAt(0)!;
  if (char === "\n") return "\\n";
  if (char === "\r") return "\\r";
  if (char === "\t") return "\\t";
  if (code <= 0xff) return `\\x${hex(code, 2)}`;
  return code <= 0xffff ? `\\u${hex(code, 4)}` : `\\u{${hex(code, 5)}}`;
}

function utf16Escapes(char: string): string {
  return Array.from({ length: char.length }, (_, at) => `\\u${hex(char.charCodeAt(at), 4)}`).join("");
}

const hex = (code: number, digits: number) => code.toString(16).padStart(digits, "0");
