/** Written for proxies and for tracing: fetch refuses them, so that no handler could make or pass on such a request. */
const NOT_FOR_FUNCTIONS = ["CONNECT", "TRACE", "TRACK"];
/** The longest that is registered has 17 characters. */
const TOKEN = /^[A-Za-z][\w!#$%&'*+.^`|~-]{0,31}$/;

/** What a caller is told where a function's settings name no methods; others that are well formed are passed on, too. */
export const USUAL_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** Whether a function can be called with it. */
export function isMethod(method: string): boolean {
  return TOKEN.test(method) && !NOT_FOR_FUNCTIONS.includes(method.toUpperCase());
}
