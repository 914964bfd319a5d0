import { posix } from "node:path";

/** `imports` and `scopes` of a root's deno.json. */
export interface ImportMapJson {
  readonly imports: Readonly<Record<string, string>>;
  readonly scopes: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** What a specifier in a file of the root leads to. */
export type Target =
  | { readonly kind: "local"; readonly path: string }
  | { readonly kind: "npm"; readonly specifier: string }
  | { readonly kind: "builtin"; readonly name: string }
  | { readonly kind: "data" }
  | { readonly kind: "refused"; readonly reason: string };

const isRelative = (specifier: string): boolean => /^\.{0,2}\//.test(specifier);

/**
 * Resolves like Deno does, with the functions folder as the whole world: what leads out of it, or to another host
 * than the npm registry, is refused by name.
 */
export function resolveImport(map: ImportMapJson, specifier: string, importer: string): Target {
  const mapped = mappedBy(map, specifier, importer);
  if (mapped !== null) return targetOf(mapped, "", specifier);
  return targetOf(specifier, posix.dirname(importer), specifier);
}

/** The value of the entry that fits best; null if none does. */
function mappedBy(map: ImportMapJson, specifier: string, importer: string): string | null {
  const asKey = /^\.{1,2}\//.test(specifier) ? `./${posix.join(posix.dirname(importer), specifier)}` : specifier;
  const scopes = Object.keys(map.scopes).filter((scope) => isWithin(scope, importer));
  scopes.sort((a, b) => b.length - a.length);
  for (const entries of [...scopes.map((scope) => map.scopes[scope]), map.imports]) {
    const value = valueOf(entries, asKey);
    if (value !== null) return value;
  }
  return null;
}

function isWithin(scope: string, importer: string): boolean {
  const prefix = posix.normalize(scope).replace(/^\.\/?/, "");
  return prefix.endsWith("/") || prefix === "" ? importer.startsWith(prefix) : importer === prefix;
}

function valueOf(entries: Readonly<Record<string, string>>, key: string): string | null {
  if (Object.hasOwn(entries, key)) return entries[key];
  const prefixes = Object.keys(entries).filter((prefix) => key.startsWith(asPrefix(prefix, entries[prefix])));
  if (prefixes.length === 0) return null;
  const best = prefixes.reduce((a, b) => b.length > a.length ? b : a);
  const value = entries[best];
  return value + key.slice(best.length);
}

/** `"hono": "npm:hono@4"` also maps `hono/jsx`, as in Deno. */
function asPrefix(key: string, value: string): string {
  if (key.endsWith("/")) return key;
  return value.startsWith("npm:") ? `${key}/` : "\0";
}

function targetOf(specifier: string, folder: string, asked: string): Target {
  if (isRelative(specifier)) {
    if (specifier.startsWith("/")) {
      return refused(asked, "it is an absolute path; only files of the functions folder can be imported");
    }
    const path = posix.join(folder, specifier);
    if (path === ".." || path.startsWith("../")) return refused(asked, "it is outside of the functions folder");
    return { kind: "local", path };
  }
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(specifier)?.[1].toLowerCase();
  switch (scheme) {
    case "npm":
      return npmTarget(specifier, asked);
    case "node":
      return { kind: "builtin", name: specifier };
    case "data":
      return { kind: "data" };
    case undefined:
      return refused(
        asked,
        `the functions folder's deno.json does not map it; write "npm:${specifier}", or add it to its imports`,
      );
    case "jsr":
      return refused(
        asked,
        "packages come from npm alone; many of JSR's are there too, or copy its files into the folder",
      );
    case "http":
    case "https":
      return refused(
        asked,
        `nothing is fetched from the web; import the package as npm:..., or copy the file into the functions folder`,
      );
    default:
      return refused(
        asked,
        `${scheme}: imports are not allowed; only files of the functions folder and npm packages are`,
      );
  }
}

/** The version is a range or a tag, never an address or a path. */
const NPM = /^npm:\/?((?:@[\w-][\w.~-]*\/)?[\w-][\w.~-]*)(?:@([\w.~^<>=|*+ -]+))?(\/(?!.*\.\.(?:\/|$))[^\\]*)?$/;

function npmTarget(specifier: string, asked: string): Target {
  const match = NPM.exec(specifier);
  if (!match) return refused(asked, "it is no npm specifier, as in npm:name@1.2.3/path");
  const [, name, version, path = ""] = match;
  return { kind: "npm", specifier: `npm:${name}${version ? `@${version}` : ""}${path === "/" ? "" : path}` };
}

/** The path within the package: `.`, or `./jsx`. */
export function npmSubpath(specifier: string): string {
  return `.${NPM.exec(specifier)?.[3] ?? ""}`;
}

const refused = (specifier: string, why: string): Target => ({
  kind: "refused",
  reason: `Cannot import "${specifier}": ${why}`,
});

/** What is written down of a target, to see later whether it is still the same. */
export function describeTarget(target: Target): string {
  switch (target.kind) {
    case "local":
      return `./${target.path}`;
    case "npm":
      return target.specifier;
    case "builtin":
      return target.name;
    case "data":
      return "data:";
    case "refused":
      return "";
  }
}
