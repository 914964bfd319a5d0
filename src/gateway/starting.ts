import { errorResponse } from "./respond.ts";

/** Answers while the server is up and its functions are not: on a machine's first start the engine is built meanwhile. */
export function starting(request: Request): Response {
  const { pathname } = new URL(request.url);
  if (pathname === "/_mayfly/health") return Response.json({ status: "ok" });
  return errorResponse("not_deployed", "The server is starting", {
    requestId: crypto.randomUUID(),
    functionName: null,
    retryAfterS: 1,
  });
}
