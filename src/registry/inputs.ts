import type { FunctionSettings } from "../types.ts";
import type { CompilerOptions, MappedImport } from "./bundle_wire.ts";
import { describeTarget, type ImportMapJson, resolveImport } from "./import_map.ts";

/** What a version was made of, to see whether the sources would still make the same. Kept with the version. */
export interface Inputs {
  /** Files of the root, with their hashes. */
  readonly files: Readonly<Record<string, string>>;
  /** What deno.json decided. */
  readonly mapped: readonly MappedImport[];
  /** Null: they play no part. */
  readonly compilerOptions: CompilerOptions | null;
  /** `hono@4.13.19`. */
  readonly packages: readonly string[];
  /** The hash of deno.lock, where there are packages. */
  readonly lock: string | null;
  /** The literal in the code, from which mayfly.json makes settings. */
  readonly config?: unknown;
  /** What it uses that the Wasm tier does not have, which is why it runs in the VM tier. */
  readonly lack?: string;
}

/** The same of a root as it is now. */
export interface RootState {
  hashOf(path: string): string | undefined;
  readonly importMap: ImportMapJson;
  readonly compilerOptions: CompilerOptions;
  readonly lock: string | null;
  /** Throws if it cannot have that config any more. */
  settingsFor(config: unknown, lack: string | undefined): FunctionSettings;
}

/** `settings` are those of the version, as JSON. */
export function isCurrent(inputs: Inputs, settings: string, state: RootState): boolean {
  return Object.entries(inputs.files).every(([path, hash]) => state.hashOf(path) === hash) &&
    inputs.mapped.every(([specifier, importer, target]) =>
      describeTarget(resolveImport(state.importMap, specifier, importer)) === target
    ) &&
    hasOptions(inputs, state) &&
    (inputs.packages.length === 0 || inputs.lock === state.lock) &&
    hasSettings(inputs, settings, state);
}

function hasOptions({ compilerOptions }: Inputs, state: RootState): boolean {
  return compilerOptions === null || JSON.stringify(compilerOptions) === JSON.stringify(state.compilerOptions);
}

function hasSettings({ config, lack }: Inputs, settings: string, state: RootState): boolean {
  try {
    return JSON.stringify(state.settingsFor(config, lack)) === settings;
  } catch {
    return false;
  }
}
