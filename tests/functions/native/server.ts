// A server as one writes it for Deno, that knows nothing of where it runs.
let count = 0;

const answers: Record<string, (request: Request, query: URLSearchParams) => Response | Promise<Response>> = {
  "/count": () => new Response(`${++count}`),
  "/echo": ({ body, headers }) =>
    new Response(body, { headers: { "content-type": headers.get("content-type") ?? "" } }),
  "/bytes": (_request, query) => new Response("x".repeat(Number(query.get("n")))),
  "/first": () => {
    const first = new TextEncoder().encode("first\n");
    return new Response(new ReadableStream({ start: (controller) => controller.enqueue(first) }));
  },
  "/sleep": async (_request, query) => {
    await new Promise((resolve) => setTimeout(resolve, Number(query.get("ms"))));
    return new Response("woke");
  },
  "/crash": () => Deno.exit(7),
  "/log": () => {
    console.log("a line");
    return new Response("logged");
  },
  "/seen": ({ method, url, headers }) => {
    const { pathname, search } = new URL(url);
    const told = {
      host: headers.get("host"),
      expect: headers.get("expect"),
      prefix: headers.get("x-forwarded-prefix"),
    };
    return Response.json({ method, path: pathname + search, ...told });
  },
};

Deno.serve({ port: Number(Deno.env.get("PORT")), hostname: "127.0.0.1" }, (request) => {
  const { pathname, searchParams } = new URL(request.url);
  return answers[pathname]?.(request, searchParams) ?? new Response("nothing here", { status: 404 });
});
