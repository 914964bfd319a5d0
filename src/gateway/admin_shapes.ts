/**
 * What the admin API answers with. All of it is JSON but `metrics` (Prometheus' text) and the logs (NDJSON: a
 * LogRecord a line). Errors are those of the server: `{"error":{"code","message","function","requestId"}}`. NAME is a
 * function's qualified name as one path segment: `%40acme%2Fapi%2F%5Bid%5D`.
 *
 *     GET    /_mayfly/health                     { status: "ok" }, open to all
 *     GET    /_mayfly/ready                      { status: "ready" }, or 503 `overload`; open to all
 *     GET    /_mayfly/functions                  FunctionSummary[], by name
 *     GET    /_mayfly/problems                   string[]: what is wrong with configuration files, and where
 *     GET    /_mayfly/functions/NAME             FunctionDescription
 *     DELETE /_mayfly/functions/NAME             { removed: NAME, path, files }: what was deleted
 *     GET    /_mayfly/functions/NAME/logs        ?lines=100&follow=1
 *     GET    /_mayfly/functions/NAME/versions    VersionSummary[], what was deployed last first
 *     POST   /_mayfly/functions/NAME/rollback    { version? } -> { version }
 *     GET    /_mayfly/logs                       ?lines=100&follow=1: the server's; followed, those of all functions too
 *     GET    /_mayfly/metrics
 *     GET    /_mayfly/doctor                     what `mayfly doctor --json` prints
 */
import { NO_USAGE, type UsageSum } from "../observe/usage_sum.ts";
import type { FunctionEntry, SourceExtent } from "../registry/function.ts";
import type { Language } from "../registry/sources.ts";
import type { UsageRow } from "../state/store.ts";
import { type FunctionSettings, type HandlerKind, HOME, qualifiedName, type TierName } from "../types.ts";

export interface FunctionSummary {
  /** Qualified. */
  readonly name: string;
  readonly tenant: string;
  /** Relative to its root. */
  readonly file: string;
  /** Below its root: `/api/:id`. */
  readonly route: string;
  readonly url: string;
  /** These are of the version that serves; null while none does. */
  readonly tier: TierName | null;
  readonly kind: HandlerKind | null;
  readonly language: Language | null;
  /** Why it is not in the Wasm tier, if so. */
  readonly why: string | null;
  readonly version: string | null;
  /** The version that the sources make, while an operator has an older one serve. */
  readonly rolledBackFrom: string | null;
  /** Of the last build: what has failed may still be served, by an older version. */
  readonly state: FunctionEntry["state"];
  /** Of the last build, or why no tier of this server can run it. */
  readonly error: string | null;
}

export interface FunctionDescription extends FunctionSummary {
  /** What its removal deletes, versions and log aside; null of what is refused for its name. */
  readonly source: SourceExtent | null;
  /** Of the version that serves. Of its environment the names alone. */
  readonly settings: (Omit<FunctionSettings, "env"> & { readonly env: readonly string[] }) | null;
  readonly versions: readonly string[];
  readonly usage: { readonly lastHour: UsageSum; readonly lastDay: UsageSum };
}

export interface VersionSummary {
  readonly version: string;
  readonly deployedAtMs: number;
  readonly active: boolean;
  readonly snapshotBytes: number;
}

/** `origin` is the server's address as its caller knows it. */
export function summaryOf(entry: FunctionEntry, origin: string): FunctionSummary {
  const { id, file, route, state, active, rolledBackFrom } = entry;
  return {
    name: qualifiedName(id),
    tenant: id.tenant,
    file,
    route,
    url: origin + (id.tenant === HOME ? route : `/@${id.tenant}${route === "/" ? "" : route}`),
    tier: active?.settings.tier ?? null,
    kind: active?.kind ?? null,
    language: active?.language ?? null,
    why: active?.why ?? null,
    version: active?.version ?? null,
    rolledBackFrom,
    state,
    error: entry.error ?? entry.unavailable,
  };
}

export function settingsOf({ active }: FunctionEntry): FunctionDescription["settings"] {
  if (active === null) return null;
  return { ...active.settings, env: Object.keys(active.settings.env) };
}

export function sumOf(rows: readonly UsageRow[]): UsageSum {
  const sum: { -readonly [Field in keyof UsageSum]: number } = { ...NO_USAGE };
  for (const row of rows) {
    for (const field of Object.keys(sum) as (keyof UsageSum)[]) {
      if (field === "memoryPeakBytes") sum.memoryPeakBytes = Math.max(sum.memoryPeakBytes, row.memoryPeakBytes);
      else sum[field] += row[field];
    }
  }
  return sum;
}
