/** Ends in the way that the query names. */
const ends: Record<string, () => unknown> = {
  error: () => {
    throw new Error("secret in an error");
  },
  text: () => {
    throw "secret in a string";
  },
  null: () => {
    throw null;
  },
  rejection: () => Promise.reject(new Error("secret in a rejection")),
  "status range": () => new Response("", { status: 1000 }),
  "header value": () => new Response("", { headers: { "x-a": "b\r\nc" } }),
  getter: () => {
    throw Object.defineProperty(new Error(), "message", {
      get() {
        throw new Error("secret in a getter");
      },
    });
  },
};

export default (req: Request) => ends[new URL(req.url).searchParams.get("how")!]() as Response;
