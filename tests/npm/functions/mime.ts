import mime from "mime";

export default () => Response.json(["a/b.html", "x.json", "y.woff2", "none", "z.TS"].map((name) => mime.getType(name)));
