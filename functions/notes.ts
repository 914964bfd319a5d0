import { Hono } from "hono";

/** An app owns `/notes` and all below it, and sees its paths without that mount. */
const app = new Hono();

app.get("/", (c) => c.json({ routes: ["GET /notes", "GET /notes/:slug", "POST /notes"] }));
app.get("/:slug", (c) => c.text(`The note called ${c.req.param("slug")}\n`));
app.post("/", async (c) => {
  const note: { title?: unknown } | null = await c.req.json().catch(() => null);
  if (typeof note?.title !== "string") return c.json({ message: 'Send {"title": "..."}' }, 400);
  return c.json({ slug: note.title.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-") }, 201);
});

export default app;
