import { isBuiltin } from "node:module";
import type { OnResolveArgs, OnResolveResult, PluginBuild } from "esbuild";
import { NODE_MODULES } from "../../runtimes/js/lib/node/names.ts";
import { needsVmTier, whyNotInWasm } from "./wasm_lacks.ts";

/** The one import that a bundle may have: the engine answers it with the library's own modules. */
const LIBRARY = "mayfly:library";
const NODE = "node";
const ACCESS = "library";
const UNAVAILABLE = "unavailable";
const REAL = "real";

const AVAILABLE: ReadonlySet<string> = new Set(NODE_MODULES);

const plainName = (name: string): string => name.replace(/^node:/, "");

export const isNodeModule = (specifier: string): boolean => specifier.startsWith("node:") || isBuiltin(specifier);

/**
 * A module of Node's. Where it is imported, one that the Wasm tier does not have is an error; where a package only tries
 * it, the attempt fails as it would without the module.
 */
export function resolveNodeModule(name: string, fromPackage: boolean, { kind }: OnResolveArgs): OnResolveResult {
  const plain = plainName(name);
  if (AVAILABLE.has(plain)) return { path: plain, namespace: NODE, sideEffects: false };
  if (!fromPackage) return { errors: [{ text: `Cannot import "${name}": ${reasonOf(plain)}` }] };
  if (kind !== "import-statement") return { path: plain, namespace: NODE };
  // Nothing, if the package's part that uses it is not used itself.
  return { path: plain, namespace: UNAVAILABLE, sideEffects: false };
}

const reasonOf = (plain: string): string => needsVmTier(`node:${plain}`, whyNotInWasm(plain));

/** The runtime replaces functions of these: their own names, which an import would bind, lead past that. */
const REPLACED_IN_PART = ["crypto"];

/**
 * In a microVM it is Deno's own: imported where it was, and asked for where a package requires it, for the bundle is an ES
 * module.
 */
export function resolveRealModule(name: string, { kind }: OnResolveArgs): OnResolveResult {
  const plain = plainName(name);
  if (!isBuiltin(plain)) return { errors: [{ text: `Cannot import "${name}": there is no such module` }] };
  const isRequired = kind === "require-call" || kind === "require-resolve";
  if (isRequired || REPLACED_IN_PART.includes(plain)) return { path: plain, namespace: REAL };
  return { path: `node:${plain}`, external: true, sideEffects: false };
}

/** What these modules are in the bundle: evaluated in the order of their imports, or when they are required. */
export function loadNodeModules(build: PluginBuild): void {
  build.onResolve({ filter: /^mayfly:library$/, namespace: NODE }, () => ({ path: LIBRARY, namespace: ACCESS }));
  build.onResolve({ filter: /.*/, namespace: ACCESS }, () => ({ path: LIBRARY, external: true }));
  build.onLoad({ filter: /.*/, namespace: ACCESS }, () => ({ contents: `export { builtin } from "${LIBRARY}";` }));
  build.onLoad({ filter: /.*/, namespace: NODE }, ({ path }) => ({
    contents: `module.exports = require("${LIBRARY}").builtin(${JSON.stringify(path)});`,
  }));
  build.onLoad({ filter: /.*/, namespace: REAL }, ({ path }) => ({
    contents: `module.exports = process.getBuiltinModule(${JSON.stringify(`node:${path}`)});`,
  }));
  build.onLoad({ filter: /.*/, namespace: UNAVAILABLE }, () => ({ contents: "module.exports = {};" }));
}

/** Modules that the Wasm tier does not have and that the bundle needs, with why. `inputs`: esbuild's names of them. */
export function unavailableModules(inputs: readonly string[]): { name: string; why: string }[] {
  const prefix = `${UNAVAILABLE}:`;
  const names = inputs.filter((input) => input.startsWith(prefix)).map((input) => input.slice(prefix.length));
  return names.map((name) => ({ name, why: reasonOf(name) }));
}
