// deno-lint-ignore no-import-prefix -- a function folder has no import map of the server's
import { Hono } from "npm:hono@4.13.19";

const app = new Hono();
app.get("/bench", (c) => c.text("hello"));

export default app;
