import { Hono } from "hono";

/** An app owns `/notes` and all below it, and sees its paths without that mount. */
const app = new Hono();

app.get("/", (c) => c.json({ routes: ["GET /notes", "GET /notes/:slug", "POST /notes"] }));
app.get("/:slug", (c) => c.text(`The note called ${c.req.param("slug")}\n`));
app.post("/", async (c) => {
  const { title } = await c.req.json<{ title: string }>();
  return c.json({ slug: title.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-") }, 201);
});

export default app;
