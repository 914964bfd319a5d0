import { dirname, join } from "node:path";
import type { OnResolveArgs, OnResolveResult, PluginBuild } from "esbuild";
import { npmSubpath } from "./import_map.ts";
import { isNodeModule, resolveNodeModule, resolveRealModule } from "./bundle_builtins.ts";
import type { BundleRequest, NpmTable } from "./bundle_wire.ts";

type ResolveModule = (name: string, args: OnResolveArgs) => OnResolveResult;

/** Marks a question that esbuild's own resolver is to answer. */
const ESBUILD = Symbol("esbuild");

interface PackageJson {
  readonly name?: string;
  readonly exports?: unknown;
  readonly browser?: unknown;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/**
 * Imports between npm packages. Deno's cache holds each package in a folder of its own, so who may import whom is
 * told by the table, and esbuild finds the file within the package.
 */
export class NpmPackages {
  readonly used = new Set<string>();
  readonly #build: PluginBuild;
  readonly #table: NpmTable;
  readonly #ownerOfFolder: ReadonlyMap<string, string>;
  readonly #manifests = new Map<string, PackageJson>();

  readonly #resolveModule: ResolveModule;
  /** `browser` of their package.json counts. */
  readonly #areForBrowsers: boolean;

  constructor(build: PluginBuild, { npm: table, tier }: Pick<BundleRequest, "npm" | "tier">) {
    this.#areForBrowsers = tier !== "vm";
    this.#resolveModule = tier === "vm" ? resolveRealModule : (name, args) => resolveNodeModule(name, true, args);
    this.#build = build;
    this.#table = table;
    this.#ownerOfFolder = new Map(Object.entries(table.packages).map(([id, { folder }]) => [folder, id]));
  }

  has(specifier: string): boolean {
    return Object.hasOwn(this.#table.specifiers, specifier);
  }

  /** An import in a file of the root. */
  async fromRoot(specifier: string, args: OnResolveArgs): Promise<OnResolveResult> {
    return await this.#within(this.#table.specifiers[specifier], npmSubpath(specifier), args);
  }

  /** An import in a file of a package; undefined leaves it to esbuild, which stays in the package. */
  async fromPackage(args: OnResolveArgs): Promise<OnResolveResult | undefined> {
    const { path: specifier, importer } = args;
    if (args.pluginData === ESBUILD) return undefined;
    if (/^[./#]/.test(specifier) || specifier.startsWith("data:")) return undefined;
    const owner = this.ownerOf(importer);
    if (owner === null) return { errors: [{ text: `Cannot import "${specifier}": its importer is in no package` }] };
    const replaced = this.#browserField(owner, specifier);
    if (replaced === false) return { path: specifier, namespace: "empty" };
    if (replaced !== undefined && replaced.startsWith(".")) return await this.#within(owner, replaced, args);
    if (isNodeModule(specifier)) return this.#resolveModule(specifier, args);

    const [, name, subpath] = /^((?:@[^/]+\/)?[^/]+)(.*)$/.exec(specifier)!;
    const target = this.#dependency(owner, name);
    if (target !== null) return await this.#within(target, `.${subpath}`, args);
    // Packages look for optional ones and go on without.
    if (args.kind !== "import-statement") return { path: specifier, external: true };
    return { errors: [{ text: `npm:${owner} imports "${specifier}", which is none of its dependencies` }] };
  }

  ownerOf(file: string): string | null {
    for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
      const owner = this.#ownerOfFolder.get(folder);
      if (owner !== undefined) return owner;
    }
    return null;
  }

  /** `npm:zod@4.6.7/v4/core.js`. */
  nameOf(file: string): string {
    const owner = this.ownerOf(file);
    return owner === null ? "npm:" : `npm:${owner}${file.slice(this.#table.packages[owner].folder.length)}`;
  }

  /** What a package's `browser` leaves out: esbuild asks for it all the same, as it was written. */
  isLeftOut(file: string): boolean {
    const owner = this.ownerOf(file);
    if (owner === null) return false;
    const path = `.${file.slice(this.#table.packages[owner].folder.length)}`;
    return [path, `${path}.js`].some((name) => this.#browserField(owner, name) === false);
  }

  async #within(id: string, subpath: string, { path, kind }: OnResolveArgs): Promise<OnResolveResult> {
    const { folder } = this.#table.packages[id];
    if (!isThere(folder)) {
      // A package for other machines, which its dependents try one by one.
      if (kind !== "import-statement") return { path, external: true };
      return { errors: [{ text: `Cannot import "${path}": npm:${id} is for other machines` }] };
    }
    const { name, exports } = this.#manifest(id);
    // A package with `exports` may import itself by its name, which is how esbuild applies them.
    const specifier = exports && name ? name + subpath.slice(1) : subpath === "." ? "./" : subpath;
    const found = await this.#build.resolve(specifier, { resolveDir: folder, kind, pluginData: ESBUILD });
    if (found.errors.length > 0) {
      return { errors: [{ text: `Cannot import "${name}${subpath.slice(1)}": npm:${id} has no such module` }] };
    }
    this.used.add(id);
    return { path: found.path, namespace: found.namespace, sideEffects: found.sideEffects, external: found.external };
  }

  #dependency(owner: string, name: string): string | null {
    if (name === this.#table.packages[owner].name) return owner;
    const alias = /^npm:((?:@[^/]+\/)?[^@]+)/.exec(this.#manifest(owner).dependencies?.[name] ?? "")?.[1];
    const called = (id: string) => this.#table.packages[id]?.name === (alias ?? name);
    return this.#table.packages[owner].dependencies.find(called) ?? Object.keys(this.#table.packages).find(called) ??
      null;
  }

  /** What a package's `browser` says of another package: false for an empty one. */
  #browserField(owner: string, specifier: string): string | false | undefined {
    if (!this.#areForBrowsers) return undefined;
    const { browser } = this.#manifest(owner);
    if (typeof browser !== "object" || browser === null || !Object.hasOwn(browser, specifier)) return undefined;
    const value = (browser as Record<string, unknown>)[specifier];
    return value === false || typeof value === "string" ? value : undefined;
  }

  #manifest(id: string): PackageJson {
    let manifest = this.#manifests.get(id);
    if (!manifest) {
      const parsed: unknown = JSON.parse(Deno.readTextFileSync(join(this.#table.packages[id].folder, "package.json")));
      manifest = typeof parsed === "object" && parsed !== null ? parsed : {};
      this.#manifests.set(id, manifest);
    }
    return manifest;
  }
}

function isThere(folder: string): boolean {
  try {
    return Deno.statSync(folder).isDirectory;
  } catch {
    return false;
  }
}
