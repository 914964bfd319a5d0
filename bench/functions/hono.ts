// deno-lint-ignore no-import-prefix -- a function folder has no import map of the server's
import { Hono } from "npm:hono@4.13.19";

const ROUTES = 20;

const app = new Hono();
app.use(async (c, next) => {
  await next();
  c.header("x-first", "1");
});
app.use(async (c, next) => {
  c.set("requestId" as never, c.req.header("x-request-id") as never);
  await next();
});
app.use(async (c, next) => {
  await next();
  c.header("x-third", "3");
});
for (let i = 0; i < ROUTES; i++) app.get(`/route${i}/:id`, (c) => c.json({ route: i, id: c.req.param("id") }));

export default app;
