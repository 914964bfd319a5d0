import { safeText } from "./safe_text.ts";

const SGR = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;
export type Color = keyof typeof SGR;

/** A part of a line. Its text may come from anywhere: it is made safe where the line is written, and only there. */
export type Span = string | { readonly text: string; readonly color: Color };
export type Line = readonly Span[];

export const colored = (color: Color, text: string): Span => ({ text, color });

/** A guest may say as much as it wants; nobody reads all of it. */
export function clip(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}

/** What a line looks like on a terminal, or, without colors, anywhere else. */
export function render(line: Line, colors: boolean): string {
  return line.map((span) => {
    if (typeof span === "string") return safeText(span);
    return colors ? `\x1b[${SGR[span.color]}m${safeText(span.text)}\x1b[0m` : safeText(span.text);
  }).join("");
}

const PRINTABLE_ASCII = /^[ -~]*$/;
const WIDE =
  /^(?:\p{Emoji_Presentation}|[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]|.*\ufe0f)/u;

/** Made when it is needed: it takes long to load its tables, which a server's start can do without. */
let graphemes: Intl.Segmenter | undefined;

/** How many cells a terminal gives a span. */
export function widthOf(span: Span): number {
  const text = safeText(typeof span === "string" ? span : span.text);
  if (PRINTABLE_ASCII.test(text)) return text.length;
  graphemes ??= new Intl.Segmenter();
  return [...graphemes.segment(text)].reduce((width, { segment }) => width + (WIDE.test(segment) ? 2 : 1), 0);
}
