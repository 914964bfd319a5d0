/** @jsxImportSource hono/jsx */
import { Hono } from "hono";
import { basicAuth } from "hono/basic-auth";
import { contextStorage, getContext } from "hono/context-storage";
import { getCookie, setCookie } from "hono/cookie";
import { cors } from "hono/cors";
import { etag } from "hono/etag";
import { HTTPException } from "hono/http-exception";
import { prettyJSON } from "hono/pretty-json";
import { secureHeaders } from "hono/secure-headers";
import { stream, streamSSE, streamText } from "hono/streaming";
import { validator } from "hono/validator";

type Env = { Variables: { seen: string[] } };
const app = new Hono<Env>();

app.use(contextStorage(), secureHeaders());
app.use("/api/*", cors({ origin: "https://example.com", credentials: true }));
app.use("/etag/*", etag());
app.use("/pretty", prettyJSON());
app.use("/private/*", basicAuth({ username: "ada", password: "secret" }));
app.use("/seen/*", async (c, next) => {
  c.set("seen", ["before"]);
  await next();
  c.res.headers.set("x-seen", c.get("seen").join());
});

const afterAwait = async () => {
  await new Promise((resolve) => setTimeout(resolve, 1));
  getContext<Env>().var.seen.push("deep");
};

app.get("/text", (c) => c.text("plain"));
app.get("/json", (c) => c.json({ a: [1, 2, { b: null }] }));
app.get("/pretty", (c) => c.json({ a: 1 }));
app.get("/etag/x", (c) => c.text("tagged"));
app.get("/private/x", (c) => c.text("let in"));
app.get("/seen/x", async (c) => {
  await afterAwait();
  return c.text("seen");
});
app.get("/api/users/:id{[0-9]+}", (c) => c.json({ id: c.req.param("id"), q: c.req.query(), all: c.req.queries("t") }));
app.post("/api/users", validator("json", (value, c) => value.name ? value : c.text("no name", 400)), async (c) => {
  return c.json({ created: (await c.req.json()).name }, 201);
});
app.post("/form", async (c) => c.json(await c.req.parseBody()));
app.get("/cookies", (c) => {
  setCookie(c, "a", "b c", { path: "/", secure: true });
  setCookie(c, "d", "e");
  return c.json(getCookie(c));
});
app.get("/redirect", (c) => c.redirect("/hono/text", 303));
app.get("/jsx", (c) =>
  c.html(
    <html>
      <body class="x">
        {["a", "<b>"].map((text) => <li>{text}</li>)}
        <p dangerouslySetInnerHTML={{ __html: "<i>raw</i>" }} />
      </body>
    </html>,
  ));
app.get("/stream", (c) =>
  stream(c, async (out) => {
    for (const byte of [1, 2, 3]) await out.write(Uint8Array.of(byte));
  }));
app.get("/stream-text", (c) =>
  streamText(c, async (out) => {
    await out.writeln("one");
    await out.sleep(1);
    await out.write("two");
  }));
app.get("/sse", (c) =>
  streamSSE(c, async (out) => {
    for (const id of ["1", "2"]) await out.writeSSE({ id, event: "tick", data: `line ${id}\nmore` });
  }));
app.get("/files/*", (c) => c.text(c.req.path));
app.on(["PUT", "PATCH"], "/many", (c) => c.text(c.req.method));
app.get("/teapot", () => {
  throw new HTTPException(418, { message: "short and stout" });
});
app.get("/broken", () => {
  throw new Error("broken");
});
app.route("/sub", new Hono().get("/x", (c) => c.text("sub")));
app.notFound((c) => c.text(`nothing at ${c.req.path}`, 404));
app.onError((error, c) => error instanceof HTTPException ? error.getResponse() : c.text(error.message, 500));

export default app;
