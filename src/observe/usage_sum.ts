import type { UsageRow } from "../state/store.ts";

/** What was used over a span of time. */
export type UsageSum = Omit<UsageRow, "tenant" | "name" | "minute">;

export const NO_USAGE: UsageSum = {
  requests: 0,
  errors: 0,
  warm: 0,
  clone: 0,
  cold: 0,
  wallMs: 0,
  cpuMs: 0,
  memoryPeakBytes: 0,
  bytesIn: 0,
  bytesOut: 0,
  coldMs: 0,
};
