import { FUNCTION_DEFAULTS, LIMITS, SERVER_DEFAULTS, TENANT_CAPS } from "../limits.ts";
import { DESTINATIONS, isPublicDestination, parseDestination } from "../host/egress/destination.ts";
import { isMethod } from "./methods.ts";
import { suggest } from "../suggest.ts";
import type { FunctionSettings, NetPolicy, TierName } from "../types.ts";

/** What an operator allows a tenant. */
export interface TenantCaps {
  readonly concurrency: number;
  readonly memoryMb: number;
  readonly cpuShare: number;
  readonly timeoutMs: number;
  readonly bodyMb: number;
  readonly net: NetPolicy;
  readonly diskMb: number;
}

export const DEFAULT_CAPS: TenantCaps = TENANT_CAPS;

const OTHERS_NAMED = 10;

/** A value that cannot be used; `path` leads to it. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
  constructor(readonly path: readonly string[], value: unknown, allowed: string) {
    super(`Cannot use ${path.length > 0 ? `${path.join(".")} ` : ""}${shown(value)}: ${allowed}`);
  }
}

/** Says what is allowed when a value is not; null when it is. */
type Rule = (value: unknown) => string | null;

export type Rules = Readonly<Record<string, Rule>>;

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const whole = (least: number, most: number): Rule => (value) =>
  Number.isInteger(value) && (value as number) >= least && (value as number) <= most
    ? null
    : `a whole number from ${least} to ${most} is allowed`;

export const amount = (most: number): Rule => (value) =>
  typeof value === "number" && value > 0 && value <= most ? null : `a number above 0, at most ${most}, is allowed`;

const listOf = (isElement: (element: unknown) => boolean, what: string): Rule => (value) =>
  Array.isArray(value) && value.every(isElement) ? null : `${what} is allowed`;

const isText = (value: unknown): value is string => typeof value === "string" && !value.includes("\0");

/** `atHome`: only there may a list open what is not public, unless the cap itself does. */
export const net = (cap: NetPolicy, atHome: boolean): Rule => (value) => {
  if (value === "none") return null;
  if (cap === "none") return `only "none" is allowed`;
  if (cap === "public" && value === "public") return null;
  if (!Array.isArray(value)) {
    return cap === "public"
      ? `"none", "public", or a list of ${DESTINATIONS} is allowed`
      : `"none" or a list of ${cap.join(", ")} is allowed`;
  }
  const nonsense = value.find((destination) => !isText(destination) || parseDestination(destination) === null);
  if (nonsense !== undefined) return `${shown(nonsense)} is no destination; a list of ${DESTINATIONS} is allowed`;
  if (cap !== "public") {
    const beyond = value.find((destination) => !cap.includes(destination));
    return beyond === undefined ? null : `${shown(beyond)} is not among what is allowed: ${cap.join(", ")}`;
  }
  const hidden = atHome ? undefined : value.find((destination) => !isPublicDestination(destination));
  return hidden === undefined ? null : `${shown(hidden)} is not public, and only what is public is allowed`;
};

const env: Rule = (value) =>
  isRecord(value) && Object.entries(value).every(([name, text]) => /^[^=\0]+$/.test(name) && isText(text))
    ? null
    : "an object of names and texts is allowed";

const WIDEST: TenantCaps = {
  concurrency: Infinity,
  memoryMb: Infinity,
  cpuShare: Infinity,
  timeoutMs: Infinity,
  bodyMb: Infinity,
  net: "public",
  diskMb: Infinity,
};

/** Of one function, under its tenant's caps. Whoever is refused for one of them is told whose it is. */
export function functionRules(caps: TenantCaps, atHome: boolean): Rules {
  const widest = rulesUnder(WIDEST, true);
  const told = (key: string, rule: Rule): Rule => (value) => {
    const allowed = rule(value);
    if (allowed === null || widest[key](value) !== null) return allowed;
    const cap = key === "cpuMs" ? "timeoutMs" : key;
    return `${allowed}; that is the operator's cap, ${cap} of the tenant in functions/mayfly.json`;
  };
  return Object.fromEntries(Object.entries(rulesUnder(caps, atHome)).map(([key, rule]) => [key, told(key, rule)]));
}

function rulesUnder(caps: TenantCaps, atHome: boolean): Rules {
  return {
    timeoutMs: whole(1, caps.timeoutMs),
    cpuMs: whole(1, caps.timeoutMs),
    memoryMb: whole(8, caps.memoryMb),
    concurrency: whole(1, caps.concurrency),
    queue: whole(0, SERVER_DEFAULTS.queue),
    bodyMb: amount(caps.bodyMb),
    responseMb: amount(1024 * FUNCTION_DEFAULTS.responseMb),
    methods: listOf((method) => isText(method) && isMethod(method), `a list of methods, as in ["GET", "POST"],`),
    net: net(caps.net, atHome),
    env,
    warmup: listOf((path) => isText(path) && path.startsWith("/"), `a list of paths, as in ["/"],`),
    buildTimeoutMs: whole(1, 10 * FUNCTION_DEFAULTS.buildTimeoutMs),
    tier: (value) => value === "wasm" || value === "vm" ? null : `"wasm" or "vm" is allowed`,
    run: listOf(
      (part) => isText(part) && part !== "",
      `a list of a program and its arguments, as in ["./prog", "arg"],`,
    ),
  };
}

export const envRules: Rules = { env };

/** Checks all keys of an object. Throws a SettingsError for the first that is unknown or has a bad value; it names the others. */
export function checked(value: unknown, rules: Rules, path: readonly string[]): Record<string, unknown> {
  if (!isRecord(value)) throw new SettingsError(path, value, "an object is allowed");
  const wrong = Object.entries(value).flatMap(([key, part]) => {
    const allowed = Object.hasOwn(rules, key) ? rules[key](part) : unknownKey(key, Object.keys(rules));
    return allowed === null ? [] : [{ key, part, allowed }];
  });
  if (wrong.length === 0) return value;
  const [{ key, part, allowed }, ...others] = wrong;
  const more = others.slice(0, OTHERS_NAMED).map(({ key }) => shown(key)).join(", ");
  throw new SettingsError([...path, key], part, more === "" ? allowed : `${allowed} (nor can it use ${more})`);
}

function unknownKey(key: string, known: readonly string[]): string {
  const meant = suggest(key, known);
  return `it is unknown; ${meant === null ? `the keys are ${known.join(", ")}` : `did you mean ${meant}?`}`;
}

export interface SettingsSources {
  /** The literal in the code; undefined without one. */
  readonly code: unknown;
  /** What mayfly.json says of the function: checked before, later ones win. */
  readonly overrides: readonly Readonly<Record<string, unknown>>[];
  readonly caps: TenantCaps;
  /** Whether the function belongs to the home tenant. */
  readonly home: boolean;
  /** Of the function's language, where nothing is asked for. */
  readonly tier: TierName;
}

/** Every key with its value. Throws a SettingsError. */
export function functionSettings({ code, overrides, caps, home, tier }: SettingsSources): FunctionSettings {
  const { run: _, ...rules } = functionRules(caps, home);
  const inCode = code === undefined ? {} : checked(code, rules, ["config"]);
  const layers = [inCode, ...overrides];
  const values: Partial<Record<keyof FunctionSettings, unknown>> = Object.assign({}, ...layers);

  const chosen = (values.tier ?? tier) as TierName;
  if (chosen === "wasm" && !home) {
    throw new SettingsError(
      ["config", "tier"],
      chosen,
      "only functions outside of all @ folders may run in the Wasm tier",
    );
  }
  const memoryMb = (values.memoryMb ?? Math.min(FUNCTION_DEFAULTS.memoryMb[chosen], caps.memoryMb)) as number;
  if (chosen === "wasm" && memoryMb > LIMITS.wasmMemoryMb) {
    throw new SettingsError(
      ["config", "memoryMb"],
      memoryMb,
      `at most ${LIMITS.wasmMemoryMb} is allowed in the Wasm tier`,
    );
  }
  const timeoutMs = (values.timeoutMs ?? Math.min(FUNCTION_DEFAULTS.timeoutMs, caps.timeoutMs)) as number;
  const methods = values.methods as string[] | undefined;
  return {
    timeoutMs,
    cpuMs: (values.cpuMs ?? timeoutMs) as number,
    memoryMb,
    concurrency: (values.concurrency ?? Math.min(FUNCTION_DEFAULTS.concurrency, caps.concurrency)) as number,
    queue: (values.queue ?? FUNCTION_DEFAULTS.queue) as number,
    bodyMb: (values.bodyMb ?? Math.min(FUNCTION_DEFAULTS.bodyMb, caps.bodyMb)) as number,
    responseMb: (values.responseMb ?? FUNCTION_DEFAULTS.responseMb) as number,
    methods: methods ? methods.map((method) => method.toUpperCase()) : null,
    net: (values.net ?? caps.net) as NetPolicy,
    env: inOrder(Object.assign({}, ...layers.map((layer) => layer.env))),
    warmup: (values.warmup ?? []) as string[],
    buildTimeoutMs: (values.buildTimeoutMs ?? FUNCTION_DEFAULTS.buildTimeoutMs) as number,
    tier: chosen,
    run: (values.run ?? null) as string[] | null,
  };
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}

/** The same settings are the same version, in whatever order they are written. */
function inOrder(env: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).sort(([a], [b]) => a < b ? -1 : 1));
}
