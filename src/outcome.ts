import { type ErrorCode, STATUS_OF } from "./errors.ts";
import type { Outcome, Usage } from "./types.ts";

/** Of an answer that took no sandbox. */
export const NO_USAGE: Usage = {
  start: null,
  queueMs: 0,
  coldMs: 0,
  cloneMs: 0,
  runMs: 0,
  cpuMs: 0,
  memoryPeakBytes: 0,
  bytesIn: 0,
  bytesOut: 0,
};

/** An outcome that is not ok; `cause` goes to the log, whole. */
export function failure(
  code: ErrorCode,
  message: string,
  options: { cause?: unknown; detail?: string; retryAfterS?: number; usage?: Usage; status?: number } = {},
): Outcome {
  return {
    code,
    status: options.status ?? STATUS_OF[code],
    message,
    detail: options.detail ?? describe(options.cause),
    retryAfterS: options.retryAfterS ?? null,
    usage: options.usage ?? null,
  };
}

function describe(cause: unknown): string | null {
  if (cause === undefined) return null;
  return cause instanceof Error ? cause.stack ?? `${cause}` : `${cause}`;
}
