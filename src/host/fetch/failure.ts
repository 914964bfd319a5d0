/** What the system's codes mean to a function's author. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the server refused the connection",
  ECONNRESET: "the server closed the connection",
  EPIPE: "the server closed the connection",
  ETIMEDOUT: "the server did not answer",
  EHOSTUNREACH: "the server cannot be reached",
  ENETUNREACH: "the server's network cannot be reached",
  ERR_TLS_CERT_ALTNAME_INVALID: "the server's certificate is for another name",
  HPE_HEADER_OVERFLOW: "the headers of the response are too long",
  ERR_INVALID_HTTP_TOKEN: "a header's name is invalid",
  ERR_INVALID_CHAR: "a header's value is invalid",
};

/** For the function's author: without addresses of this machine, and without a stack. */
export function explain(error: unknown): Error {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code !== "string") return new Error(String(message));
  if (Object.hasOwn(REASONS, code)) return new Error(`${REASONS[code]} (${code})`);
  if (code.startsWith("HPE_")) return new Error(`the server's answer is not HTTP (${code})`);
  return new Error(`${message} (${code})`);
}
