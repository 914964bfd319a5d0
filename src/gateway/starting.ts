import { MayflyError } from "../errors.ts";
import type { Address } from "./address.ts";

/** Answers while the server is up and its functions are not: on a machine's first start the engine is built meanwhile. */
export function starting({ path }: Address, requestId: string): Response {
  if (path !== "/_mayfly/health") throw new MayflyError("not_deployed", "The server is starting", { retryAfterS: 1 });
  return Response.json({ status: "ok" }, { headers: { "x-request-id": requestId, "server-timing": "queue;dur=0" } });
}
