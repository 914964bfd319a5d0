import type { Metafile } from "esbuild";

/** `npm:hono@4.13.19` of `npm:hono@4.13.19/dist/hono.js`; null: it is no package's file. */
export const packageIn = (file: string): string | null => /^npm:(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? null;

/**
 * Which file of the user's brought a package in, by itself or through other packages. `nameOf` is a file as users know it;
 * null: it is none that they could know.
 */
export function importersOf(
  { inputs }: Pick<Metafile, "inputs">,
  nameOf: (path: string) => string | null,
): Record<string, string> {
  const importers: Record<string, string> = {};
  const seen = new Set<string>();
  const ahead: { path: string; importer: string }[] = [];
  for (const path of Object.keys(inputs)) {
    const name = nameOf(path);
    if (name !== null && packageIn(name) === null) ahead.push({ path, importer: name });
  }
  for (const { path, importer } of ahead) {
    for (const { path: target } of inputs[path].imports) {
      const package_ = inputs[target] && !seen.has(target) ? packageIn(nameOf(target) ?? "") : null;
      if (package_ === null) continue;
      seen.add(target);
      importers[package_] ??= importer;
      ahead.push({ path: target, importer });
    }
  }
  return importers;
}
