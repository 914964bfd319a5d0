import { AutoRouter, error } from "itty-router";

const router = AutoRouter({ base: "/itty-router" });
router
  .get("/hello/:name?", ({ name, query }) => ({ hello: name ?? "you", query }))
  .get("/error", () => error(418, "teapot"))
  .post("/echo", (request) => request.json());

export default { fetch: (req: Request) => router.fetch(new Request(new URL(`/itty-router${new URL(req.url).pathname}`, req.url), req)) };
