import { HOME, type TierName } from "../types.ts";
import type { Language, Source } from "./sources.ts";

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
export function missingTier(tenant: string, source: Source): string | null {
  return defaultTier(tenant, source) === "vm" ? noVmTier(NEEDS[source.language]) : null;
}

export function noVmTier(what: string): string {
  return `Cannot run it: ${what} needs the VM tier, which this server does not have yet`;
}
