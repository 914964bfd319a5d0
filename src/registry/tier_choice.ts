import type { Tier } from "../tiers/tier.ts";
import { type FunctionSettings, type HandlerKind, HOME, type TierName } from "../types.ts";
import type { Language, Source } from "./sources.ts";

/** All that a server has. */
export type Tiers = Readonly<Record<TierName, Tier>>;

/** No tier of this server can run the function. */
export class Unavailable extends Error {
  override readonly name = "Unavailable";
}

/** Where a function runs unless it asks for something else. */
export function defaultTier(tenant: string, { language }: Pick<Source, "language">): TierName {
  return tenant === HOME && (language === "js" || language === "wasi") ? "wasm" : "vm";
}

/** Why a function is not in the Wasm tier; null if it is. `lackOf` tells what it uses that the Wasm tier does not have. */
export function whyVm(
  tenant: string,
  language: Language,
  tier: TierName,
  lackOf: () => string | undefined,
): string | null {
  if (tier === "wasm") return null;
  if (tenant !== HOME) return "a function of another tenant";
  if (language === "python") return "Python";
  if (language === "native") return "a native program";
  const lack = lackOf();
  return lack === undefined ? `tier: "vm"` : `uses ${lack}, which the Wasm tier lacks`;
}

const ONLY_AT_HOME =
  "Cannot run it: WASI modules run in the Wasm tier, which is for functions outside of all @ folders";

/** Why this server cannot run a function, as far as its file tells; null if it can. */
export function missingTier(tiers: Tiers, tenant: string, source: Source): string | null {
  const tier = defaultTier(tenant, source);
  return unavailableFor(tiers, tenant, source, { tier });
}

/** The same with its settings; `lack` is the message that says what of the Wasm tier it misses. */
export function unavailableFor(
  tiers: Tiers,
  tenant: string,
  { language }: Pick<Source, "language">,
  { tier }: Pick<FunctionSettings, "tier">,
  lack?: string,
): string | null {
  if (tier === "vm" && language === "wasi") return ONLY_AT_HOME;
  const { unavailable } = tiers[tier];
  if (unavailable === null) return null;
  if (lack !== undefined) return `${lack}. It cannot run here: ${unavailable}`;
  const what = whyVm(tenant, language, tier, () => undefined) ?? "it";
  return `Cannot run it: ${what} needs the VM tier, which cannot run here: ${unavailable}`;
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
