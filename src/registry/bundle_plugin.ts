import { createHash } from "node:crypto";
import { extname, join } from "node:path";
import type { Loader, OnLoadArgs, OnLoadResult, OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from "esbuild";
import { loadNodeModules, resolveNodeModule, resolveRealModule } from "./bundle_builtins.ts";
import { isMeta, isModuleText, loadMeta, resolveMeta, withMeta } from "./bundle_meta.ts";
import type { BundleRequest, MappedImport } from "./bundle_wire.ts";
import { describeTarget, resolveImport } from "./import_map.ts";
import { NpmPackages } from "./npm_packages.ts";
import { needsVmTier } from "./wasm_lacks.ts";

const LOADERS: Readonly<Record<string, Loader>> = {
  ".ts": "ts",
  ".mts": "ts",
  ".cts": "ts",
  ".tsx": "tsx",
  ".js": "js",
  ".mjs": "js",
  ".cjs": "js",
  ".jsx": "jsx",
  ".json": "json",
};
const BY_ATTRIBUTE: Readonly<Record<string, Loader>> = { json: "json", text: "text", bytes: "binary" };

/**
 * Stands between esbuild and the disk. Files of the root have a namespace of their own, of which esbuild reads nothing by
 * itself; files of packages are found by esbuild, but read here as well. The permissions of the process are the second wall.
 */
export class RootFiles {
  readonly wanted = new Set<string>();
  readonly missing = new Set<string>();
  readonly hashes = new Map<string, string>();
  readonly mapped: MappedImport[] = [];
  packages!: NpmPackages;
  #bytesLeft: number;
  readonly #root: string;
  readonly #request: BundleRequest;

  constructor(root: string, request: BundleRequest, sourceBytes: number) {
    this.#root = root;
    this.#request = request;
    this.#bytesLeft = sourceBytes;
  }

  readonly plugin: Plugin = { name: "root", setup: (build) => this.#setup(build) };

  #setup(build: PluginBuild): void {
    this.packages = new NpmPackages(build, this.#request);
    build.onResolve({ filter: /^entry$/ }, ({ kind }) => {
      return kind === "entry-point" ? this.#local(this.#request.entry) : undefined;
    });
    build.onResolve({ filter: /.*/, namespace: "root" }, (args) => this.#fromRoot(args));
    // A question costs 0.1 ms, and packages have hundreds of relative imports, in which esbuild needs no help.
    build.onResolve({ filter: /^[^.]/, namespace: "file" }, (args) => {
      return isMeta(args) ? resolveMeta(this.packages.nameOf(args.importer), false) : this.packages.fromPackage(args);
    });
    build.onResolve({ filter: /.*/, namespace: "dataurl" }, ({ path }) => {
      return { errors: [{ text: `Cannot import "${path}": a data: URL imports nothing` }] };
    });
    build.onLoad(
      { filter: /.*/, namespace: "root" },
      (args) => this.#load(args, args.path, join(this.#root, args.path)),
    );
    build.onLoad({ filter: /.*/, namespace: "file" }, (args) => this.#load(args, null, args.path));
    build.onLoad({ filter: /.*/, namespace: "empty" }, () => ({ contents: "" }));
    loadNodeModules(build);
    loadMeta(build, this.#request.tier);
  }

  #fromRoot(args: OnResolveArgs): OnResolveResult | undefined | Promise<OnResolveResult> {
    if (isMeta(args)) return resolveMeta(args.importer, args.importer === this.#request.entry);
    const target = resolveImport(this.#request.importMap, args.path, args.importer);
    const plain = resolveImport({ imports: {}, scopes: {} }, args.path, args.importer);
    const decided = describeTarget(target);
    if (decided !== describeTarget(plain)) this.mapped.push([args.path, args.importer, decided]);
    switch (target.kind) {
      case "local":
        return this.#local(target.path, args);
      case "npm":
        if (this.#request.npm.failed?.[target.specifier]) {
          return { errors: [{ text: this.#request.npm.failed[target.specifier] }] };
        }
        if (this.packages.has(target.specifier)) return this.packages.fromRoot(target.specifier, args);
        this.missing.add(target.specifier);
        return { path: args.path, external: true };
      case "builtin":
        return this.#request.tier === "vm"
          ? resolveRealModule(target.name, args)
          : resolveNodeModule(target.name, false, args);
      case "data":
        return undefined;
      case "refused":
        return { errors: [{ text: target.reason }] };
    }
  }

  #local(path: string, args?: OnResolveArgs): OnResolveResult {
    this.wanted.add(path);
    try {
      if (Deno.statSync(join(this.#root, path)).isFile) return { path, namespace: "root" };
    } catch {
      // It is missing, or below what is a file.
    }
    return { errors: [{ text: `Cannot import "${args?.path ?? path}": there is no file ${path}` }] };
  }

  async #load(args: OnLoadArgs, path: string | null, file: string): Promise<OnLoadResult> {
    const attribute = args.with.type;
    const loader = attribute === undefined ? LOADERS[extname(file)] : BY_ATTRIBUTE[attribute];
    const shown = path ?? this.packages.nameOf(file);
    if (path === null && this.packages.ownerOf(file) === null) {
      // esbuild looks for all files that fit, from where it stands.
      return {
        errors: [{ text: "Cannot import a path that is put together, or outside of its package: write it out" }],
      };
    }
    if (path === null && this.packages.isLeftOut(file)) return { contents: "module.exports = {};" };
    if (extname(file) === ".node") {
      const text = this.#request.tier === "vm"
        ? `Cannot import ${shown}: a native add-on cannot be part of a bundle`
        : `Cannot run it: ${needsVmTier(`${shown}, a native add-on,`, "a sandbox runs no native code")}`;
      return { errors: [{ text }] };
    }
    if (loader === undefined) {
      const how = attribute === undefined
        ? `say how, as in with { type: "text" }`
        : `type: "${attribute}" is none of json, text, bytes`;
      return { errors: [{ text: `Cannot import ${shown}: ${how}` }] };
    }
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      bytes = await Deno.readFile(file);
    } catch (error) {
      const why = error instanceof Deno.errors.NotCapable ? "it is outside of its package" : "it cannot be read";
      return { errors: [{ text: `Cannot import ${shown}: ${why}` }] };
    }
    this.#bytesLeft -= bytes.length;
    if (this.#bytesLeft < 0) {
      return { errors: [{ text: `Cannot import ${shown}: all sources together are too large` }] };
    }
    if (path !== null) this.hashes.set(path, createHash("sha256").update(bytes).digest("hex"));
    return { contents: prepared(bytes, loader, path === null), loader };
  }
}

type Contents = Uint8Array<ArrayBuffer> | string;

function prepared(bytes: Uint8Array<ArrayBuffer>, loader: Loader, ofPackage: boolean): Contents {
  if (loader === "json" || loader === "text" || loader === "binary") return bytes;
  const text = new TextDecoder().decode(bytes);
  const whole = loader === "jsx" || loader === "tsx" ? withJsxRuntime(text) : text;
  return withoutSourceMap(ofPackage && !isModuleText(text) ? whole : withMeta(whole));
}

/** In Deno a file that names where its JSX comes from needs not say in what way; in esbuild it does. */
function withJsxRuntime(text: string): string {
  return /@jsxImportSource\s/.test(text) && !/@jsxRuntime\s/.test(text)
    ? `${text}\n/** @jsxRuntime automatic */`
    : text;
}

/**
 * esbuild would follow the comment and read the file that it names, wherever that is. Text that only speaks of such
 * comments has a quote behind the equals sign.
 */
function withoutSourceMap(text: string): string {
  if (!text.includes("sourceMappingURL=")) return text;
  return text.replace(/([#@]\s*sourceMappingURL)=(?=[^\s"'`$+])/g, "$1_");
}
