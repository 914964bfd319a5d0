import { LIMITS } from "../limits.ts";

/** One line of a requirements.txt: `requests[socks]==2.32.3`. */
export interface Requirement {
  readonly line: number;
  /** As it is normalised: lower case, `-` for what separates words. */
  readonly name: string;
  readonly extras: readonly string[];
  readonly version: string;
  /** `sha256:...`; empty: any wheel of that version. */
  readonly hashes: readonly string[];
}

/** What is wrong with a line. */
export class RequirementError extends Error {
  override readonly name = "RequirementError";
  constructor(message: string, readonly line: number) {
    super(message);
  }
}

const ALLOWED = `name==version lines are allowed, with extras and --hash=sha256:...`;

const NAME = /[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?/.source;
const VERSION = /[A-Za-z0-9][A-Za-z0-9.!+_-]{0,63}/.source;
const LINE = new RegExp(
  `^(${NAME})\\s*(?:\\[([^\\]]*)\\])?\\s*==\\s*(${VERSION})((?:\\s+--hash=sha256:[0-9a-f]{64})*)$`,
);

/**
 * Only what is pinned, and nothing that pip would obey: its options, its paths and what it expands of its environment are
 * refused. Throws a RequirementError.
 */
export function parseRequirements(text: string): Requirement[] {
  const requirements = logicalLines(text).map(([line, content]) => requirement(line, content));
  const names = new Map<string, number>();
  for (const { name, line } of requirements) {
    const first = names.get(name);
    if (first !== undefined) {
      throw new RequirementError(`Cannot require ${name} twice: line ${first} does already`, line);
    }
    names.set(name, line);
  }
  if (requirements.length > LIMITS.requirements) {
    throw new RequirementError(
      `Cannot require more than ${LIMITS.requirements} packages`,
      requirements[LIMITS.requirements].line,
    );
  }
  return requirements;
}

/** Without comments and blank lines; a backslash at the end of a line continues it, as before hashes. */
function logicalLines(text: string): [line: number, content: string][] {
  const found: [number, string][] = [];
  let open: [number, string] | null = null;
  for (const [at, raw] of text.split(/\r?\n/).entries()) {
    const content = raw.replace(/(^|\s)#.*$/, "").trim();
    const continues = content.endsWith("\\");
    const part = continues ? content.slice(0, -1).trim() : content;
    open = open ? [open[0], `${open[1]} ${part}`.trim()] : [at + 1, part];
    if (continues) continue;
    if (open[1] !== "") found.push(open);
    open = null;
  }
  if (open && open[1] !== "") found.push(open);
  return found;
}

function requirement(line: number, content: string): Requirement {
  const match = LINE.exec(content);
  if (!match) throw new RequirementError(`Cannot use ${JSON.stringify(content.slice(0, 100))}: ${ALLOWED}`, line);
  const [, name, extras = "", version, hashes] = match;
  const wanted = extras.split(",").map((extra) => extra.trim()).filter((extra) => extra !== "");
  const odd = wanted.find((extra) => !new RegExp(`^${NAME}$`).test(extra));
  if (odd !== undefined) throw new RequirementError(`Cannot use the extra ${JSON.stringify(odd)}: ${ALLOWED}`, line);
  return {
    line,
    name: normalised(name),
    extras: wanted,
    version,
    hashes: hashes.trim() === "" ? [] : hashes.trim().split(/\s+/).map((hash) => hash.replace("--hash=", "")),
  };
}

/** As package indexes compare names. */
export const normalised = (name: string): string => name.toLowerCase().replace(/[-_.]+/g, "-");
