import { type FunctionId, HOME } from "../types.ts";

/** Where a server on this address is reached from the same machine, without a slash at the end. */
export function serverUrl({ hostname, port }: { readonly hostname: string; readonly port: number }): string {
  const host = hostname === "0.0.0.0" ? "127.0.0.1" : hostname === "::" ? "[::1]" : bracketed(hostname);
  return `http://${host}:${port}`;
}

const bracketed = (hostname: string) => hostname.includes(":") ? `[${hostname.replace(/^\[|\]$/g, "")}]` : hostname;

/** `route` is a pattern below the tenant's root: parameters stay as `:id` and `*`. */
export function functionUrl(serverUrl: string, { tenant }: FunctionId, route: string): string {
  if (tenant === HOME) return serverUrl + route;
  return `${serverUrl}/@${tenant}${route === "/" ? "" : route}`;
}
