/** Every way a request can end, with the status a caller sees. There are no others. */
export const STATUS_OF = {
  ok: 200,
  bad_request: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  body_too_large: 413,
  concurrency: 429,
  headers_too_large: 431,
  canceled: 499,
  exception: 500,
  internal: 500,
  unsupported: 501,
  crash: 502,
  bad_response: 502,
  not_deployed: 503,
  memory: 503,
  cpu: 503,
  overload: 503,
  tier_unavailable: 503,
  timeout: 504,
} as const;

export type OutcomeCode = keyof typeof STATUS_OF;
export type ErrorCode = Exclude<OutcomeCode, "ok">;

/**
 * An error that ends a request with one of the codes. `message` is for the caller; `cause` is for
 * the log alone.
 */
export class MayflyError extends Error {
  override readonly name = "MayflyError";
  constructor(
    readonly code: ErrorCode,
    message: string,
    options: { cause?: unknown; retryAfterS?: number; functionName?: string; detail?: string } = {},
  ) {
    super(message, options);
    this.detail = options.detail ?? null;
    this.retryAfterS = options.retryAfterS;
    this.functionName = options.functionName ?? null;
  }
  readonly retryAfterS: number | undefined;
  /** The function that was asked for, where one was found. */
  readonly functionName: string | null;
  /** For whoever develops the function, not for callers. */
  readonly detail: string | null;
}

/** An operator's mistake: printed as `Error: ...` and `Try: ...`, never with a stack. */
export class OperatorError extends Error {
  override readonly name = "OperatorError";
  constructor(message: string, readonly hint: string, options: { cause?: unknown } = {}) {
    super(message, options);
  }
}
