import { SERVER_DEFAULTS } from "../limits.ts";
import type { Rules } from "./settings.ts";

/** The `server` part of mayfly.json, with its defaults. */
export interface ServerSettings {
  readonly concurrency: number;
  readonly queue: number;
  readonly memoryMb: number;
  /** Of tenants' hosts: `acme.localhost`. */
  readonly domains: readonly string[];
  readonly drainMs: number;
  readonly dataMb: number;
}

const MOST = 1_000_000_000;
const HOST = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;

const wholeFrom = (least: number) => (value: unknown) =>
  Number.isInteger(value) && (value as number) >= least && (value as number) <= MOST
    ? null
    : `a whole number from ${least} to ${MOST} is allowed`;

export const SERVER_RULES: Rules = {
  concurrency: wholeFrom(1),
  queue: wholeFrom(0),
  memoryMb: wholeFrom(64),
  domains: (value) =>
    Array.isArray(value) && value.every((domain) => typeof domain === "string" && HOST.test(domain))
      ? null
      : `a list of host names, as in ["localhost"], is allowed`,
  drainMs: wholeFrom(0),
  dataMb: wholeFrom(1),
};

/** `written` was checked with SERVER_RULES. */
export function serverSettings(written: Readonly<Record<string, unknown>>, machineMemoryMb: number): ServerSettings {
  const memoryMb = Math.floor(machineMemoryMb / 2);
  return { ...SERVER_DEFAULTS, memoryMb, ...written };
}
