import { HOME } from "../types.ts";
import { SERVER_RULES } from "./server_settings.ts";
import { type JsonFile, parseJsonFile } from "./json_file.ts";
import {
  amount,
  checked,
  DEFAULT_CAPS,
  envRules,
  functionRules,
  isRecord,
  net,
  type Rules,
  SettingsError,
  type TenantCaps,
  whole,
} from "./settings.ts";

/** The mayfly.json of a root, checked. */
export interface Manifest {
  /** As it is written; what is left out has its default. */
  readonly server: Readonly<Record<string, unknown>>;
  readonly caps: ReadonlyMap<string, Readonly<Partial<TenantCaps>>>;
  /** Folders that are functions because they have a `run`. */
  readonly runs: ReadonlySet<string>;
  /** Where it speaks of functions, as an operator is told. */
  readonly patterns: readonly { readonly pattern: string; readonly place: string; matches(name: string): boolean }[];
  /** What it says of a function; later ones win. */
  overridesFor(name: string): readonly Readonly<Record<string, unknown>>[];
}

export const NO_MANIFEST: Manifest = {
  server: {},
  caps: new Map(),
  runs: new Set(),
  patterns: [],
  overridesFor: () => [],
};

const MOST = Number.MAX_SAFE_INTEGER;
const CAP_RULES: Rules = {
  concurrency: whole(1, MOST),
  memoryMb: whole(1, MOST),
  cpuShare: amount(MOST),
  timeoutMs: whole(1, MOST),
  bodyMb: amount(MOST),
  net: net("public", true),
  diskMb: whole(1, MOST),
};

/** Only the home tenant's speaks of the server and of tenants. Throws an Error that begins with the place. */
export function parseManifest(text: string, tenant: string, capsOf: (manifest: Manifest) => TenantCaps): Manifest {
  const file = parseJsonFile("mayfly.json", text, { comments: false });
  try {
    return read(file, tenant, capsOf);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    throw new Error(`${file.place(error.path)}: ${error.message}`);
  }
}

function read({ value, place }: JsonFile, tenant: string, capsOf: (manifest: Manifest) => TenantCaps): Manifest {
  const isObject = (part: unknown) => isRecord(part) ? null : "an object is allowed";
  const keys: Rules = tenant === HOME
    ? { server: isObject, tenants: isObject, functions: isObject, ...envRules }
    : { functions: isObject, ...envRules };
  const { server = {}, tenants = {}, functions = {}, env = {} } = checked(value, keys, []);
  checked(server, SERVER_RULES, ["server"]);
  const caps = new Map(
    Object.entries(tenants as object).map(([name, part]) => [
      name,
      checked(part, CAP_RULES, ["tenants", name]) as Partial<TenantCaps>,
    ]),
  );
  const base = { ...NO_MANIFEST, server: server as Record<string, unknown>, caps };
  const rules = functionRules(capsOf(base), tenant === HOME);
  const entries = Object.entries(functions as object).map(([pattern, part]) => ({
    pattern,
    settings: checked(part, rules, ["functions", pattern]),
  }));
  // The more a pattern spells out, the later its turn; a name without a star comes last.
  entries.sort((a, b) => weight(a.pattern) - weight(b.pattern));
  const matchers = entries.map(({ pattern, settings }) => ({ pattern, matches: matcher(pattern), settings }));
  return {
    ...base,
    runs: new Set(entries.filter(({ settings }) => "run" in settings).map(({ pattern }) => pattern)),
    patterns: matchers.map(({ pattern, matches }) => ({ pattern, matches, place: place(["functions", pattern]) })),
    overridesFor: (
      name,
    ) => [{ env }, ...matchers.filter(({ matches }) => matches(name)).map(({ settings }) => settings)],
  };
}

const weight = (pattern: string): number => pattern.includes("*") ? pattern.length : Infinity;

/** A star stands for any text. */
function matcher(pattern: string): (name: string) => boolean {
  if (!pattern.includes("*")) return (name) => name === pattern;
  const parts = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const expression = new RegExp(`^${parts.join(".*")}$`, "s");
  return (name) => expression.test(name);
}

/** Defaults, then `*`, then the tenant's own. */
export function capsFor(home: Manifest, tenant: string): TenantCaps {
  return { ...DEFAULT_CAPS, ...home.caps.get("*"), ...home.caps.get(tenant) };
}

/** One of them, without making them all: cheap enough for each request. */
export function capFor<Name extends keyof TenantCaps>(home: Manifest, tenant: string, name: Name): TenantCaps[Name] {
  return home.caps.get(tenant)?.[name] ?? home.caps.get("*")?.[name] ?? DEFAULT_CAPS[name];
}
