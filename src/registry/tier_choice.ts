import type { Tier } from "../tiers/tier.ts";
import { type HandlerKind, HOME, type TierName } from "../types.ts";
import type { Language, Source } from "./sources.ts";

/** All that a server has. */
export type Tiers = Readonly<Record<TierName, Tier>>;

/** Where a function runs unless it asks for something else. */
export function defaultTier(tenant: string, { language }: Source): TierName {
  return tenant === HOME && (language === "js" || language === "wasi") ? "wasm" : "vm";
}

const NEEDS: Readonly<Record<Language, string>> = {
  js: "a function of another tenant",
  python: "Python",
  native: "a native program",
  wasi: "a WASI module of another tenant",
};

/** Why this server cannot run a function, as far as its file tells; null if it can. */
export function missingTier(tiers: Tiers, tenant: string, source: Source): string | null {
  const { unavailable } = tiers[defaultTier(tenant, source)];
  return unavailable === null ? null : cannotRun(NEEDS[source.language], unavailable);
}

/** `why` is the tier's own word. */
export function cannotRun(what: string, why: string): string {
  return `Cannot run it: ${what} needs the VM tier, which does not run here: ${why}`;
}

/** Of a version, by what is kept of it. */
export function languageOf({ kind, file }: { readonly kind: HandlerKind; readonly file: string }): Language {
  if (kind === "wasi") return "wasi";
  if (kind === "stdio" || kind === "server") return "native";
  return file.endsWith(".py") ? "python" : "js";
}

/** What its snapshot would be made with today. */
export function engineFor(
  tiers: Tiers,
  version: { readonly tier: TierName; readonly kind: HandlerKind; readonly file: string },
): string {
  return tiers[version.tier].engineOf(languageOf(version));
}
