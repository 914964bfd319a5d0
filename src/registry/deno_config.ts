import type { CompilerOptions } from "./bundle_wire.ts";
import type { ImportMapJson } from "./import_map.ts";
import { parseJsonFile } from "./json_file.ts";
import { isRecord } from "./settings.ts";

/** What a root's deno.json means to its builds. All else in it is for other tools. */
export interface DenoConfig {
  readonly importMap: ImportMapJson;
  readonly compilerOptions: CompilerOptions;
}

export const NO_DENO_CONFIG: DenoConfig = { importMap: { imports: {}, scopes: {} }, compilerOptions: {} };

const TEXTS = ["jsx", "jsxImportSource", "jsxFactory", "jsxFragmentFactory"] as const;
const SWITCHES = [
  "experimentalDecorators",
  "emitDecoratorMetadata",
  "useDefineForClassFields",
  "verbatimModuleSyntax",
] as const;

/** Throws an Error that begins with the place. */
export function parseDenoConfig(text: string): DenoConfig {
  const file = parseJsonFile("deno.json", text, { comments: true });
  const object = (value: unknown, path: readonly string[]): Record<string, unknown> => {
    if (value === undefined) return {};
    if (isRecord(value)) return value;
    throw new Error(`${file.place(path)}: Cannot use ${path.join(".") || "it"}: an object is expected`);
  };
  const texts = (value: unknown, path: readonly string[]): Record<string, string> => {
    const entries = object(value, path);
    const wrong = Object.keys(entries).find((key) => typeof entries[key] !== "string");
    if (wrong === undefined) return entries as Record<string, string>;
    throw new Error(`${file.place([...path, wrong])}: Cannot use ${wrong}: a text is expected`);
  };
  const config = object(file.value, []);
  if (config.importMap !== undefined) {
    throw new Error(`${file.place(["importMap"])}: Cannot use importMap: put imports and scopes into deno.json itself`);
  }
  const scopes = Object.entries(object(config.scopes, ["scopes"]));
  const options = object(config.compilerOptions, ["compilerOptions"]);
  const chosen = [
    ...TEXTS.filter((key) => typeof options[key] === "string"),
    ...SWITCHES.filter((key) => typeof options[key] === "boolean"),
  ];
  return {
    importMap: {
      imports: texts(config.imports, ["imports"]),
      scopes: Object.fromEntries(scopes.map(([scope, value]) => [scope, texts(value, ["scopes", scope])])),
    },
    compilerOptions: Object.fromEntries(chosen.map((key) => [key, options[key]])),
  };
}
