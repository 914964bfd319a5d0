import { posix } from "node:path";
import type { OnResolveArgs, OnResolveResult, PluginBuild } from "esbuild";
import type { TierName } from "../types.ts";

/** What `import.meta` becomes in a bundle, where there is one for all files: a namespace that each file imports. */
const META = "__mayfly_meta";
const SPECIFIER = "mayfly:meta";
const NAMESPACE = "meta";

export const META_DEFINE: Readonly<Record<string, string>> = { "import.meta": META };

/** Appended, so that no line of the file's own moves. */
export function withMeta(text: string): string {
  return text.includes("import.meta") ? `${text}\nimport * as ${META} from "${SPECIFIER}";` : text;
}

/** A package's file that is no ES module must not become one: what it has of `import.meta` is text. */
export const isModuleText = (text: string): boolean => /^\s*(?:import|export)\b/m.test(text);

export const isMeta = ({ path }: OnResolveArgs): boolean => path === SPECIFIER;

/** `name`: the importer as users know it, `api/users.ts` or `npm:hono@4.13.19/dist/hono.js`. */
export function resolveMeta(name: string, isEntry: boolean): OnResolveResult {
  return { path: name, namespace: NAMESPACE, sideEffects: false, pluginData: isEntry };
}

/** Where a function's own files are in a microVM. */
const FUNCTION_FOLDER = "/function";

export function loadMeta(build: PluginBuild, tier: TierName = "wasm"): void {
  const root = tier === "vm" ? FUNCTION_FOLDER : "";
  build.onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path, pluginData }) => {
    const filename = path.startsWith("npm:") ? path.replace("npm:", "/npm/") : `${root}/${path}`;
    const url = `file://${encodeURI(filename).replace(/[?#]/g, encodeURIComponent)}`;
    return {
      contents: `export const url = ${JSON.stringify(url)};
        export const filename = ${JSON.stringify(filename)};
        export const dirname = ${JSON.stringify(posix.dirname(filename))};
        export const main = ${pluginData === true};
        export const resolve = (specifier) => new URL(specifier, url).href;`,
    };
  });
}
