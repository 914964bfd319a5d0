export interface ApiError {
  readonly code: string;
  readonly message: string;
  readonly requestId?: string;
}

/** What a JSON body of the server says went wrong: `{"error":{"code","message",...}}`; null if it is something else. */
export function errorIn(body: unknown): ApiError | null {
  const error = (body as { error?: Partial<Record<keyof ApiError, unknown>> } | null)?.error;
  if (typeof error?.code !== "string" || typeof error.message !== "string") return null;
  const requestId = typeof error.requestId === "string" ? error.requestId : undefined;
  return { code: error.code, message: error.message, requestId };
}
