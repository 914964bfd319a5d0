/** A route, made from a function's name: `api/[id]` answers `/api/:id`. */
export interface RoutePattern {
  readonly segments: readonly Segment[];
  /** As it is shown. */
  readonly text: string;
  /** Two patterns with the same shape answer the same paths. */
  readonly shape: string;
}

export interface Segment {
  readonly kind: "fixed" | "param" | "rest";
  /** A fixed one as it stands in a URL's path; else the parameter's name. */
  readonly text: string;
}

const PARAM = /^\[([^[\].]+)\]$/;
const REST = /^\[\.\.\.([^[\].]+)\]$/;

/** Throws an Error that names what is wrong with the name. */
export function routePattern(name: string): RoutePattern {
  const parts = name.split("/");
  if (parts.at(-1) === "index") parts.pop();
  const segments = parts.map((part, at) => segmentOf(part, at === parts.length - 1));
  const params = segments.filter(({ kind }) => kind !== "fixed").map(({ text }) => text);
  const twice = params.find((param, at) => params.indexOf(param) !== at);
  if (twice !== undefined) throw new Error(`Cannot route ${name}: it has two parameters called ${twice}`);
  return {
    segments,
    text: "/" + parts.map((part, at) => shown(segments[at], part)).join("/"),
    shape: "/" + segments.map(({ kind, text }) => kind === "fixed" ? text : kind === "param" ? ":" : "*").join("/"),
  };
}

function segmentOf(part: string, last: boolean): Segment {
  const param = PARAM.exec(part);
  if (param) return { kind: "param", text: param[1] };
  const rest = REST.exec(part);
  if (rest && last) return { kind: "rest", text: rest[1] };
  if (rest) throw new Error(`Cannot route ${part}: nothing can follow the rest of a path`);
  if (/[[\]]/.test(part)) {
    throw new Error(`Cannot route ${part}: a parameter is a whole segment, as in [id] or [...rest]`);
  }
  return { kind: "fixed", text: inUrl(part) };
}

function shown({ kind, text }: Segment, part: string): string {
  return kind === "fixed" ? part : kind === "param" ? `:${text}` : "*";
}

/** A file's name as the URL standard writes it in a path, which is how requests come in. */
function inUrl(part: string): string {
  const literal = part.toWellFormed().replace(/[%?#\\]/g, encodeURIComponent);
  return new URL(`http://localhost/_${literal}`).pathname.slice(2);
}
