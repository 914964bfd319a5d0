/** The JavaScript guest of the conformance suite: tests/conformance/cases.ts says what each behaviour is. */
export const config = { timeoutMs: 1500, memoryMb: 32 };

interface Context {
  env: Record<string, string>;
}

type Behaviour = (req: Request, query: URLSearchParams, ctx: Context) => unknown;

let counter = 0;

const behaviours: Record<string, Behaviour> = {
  hello: () => new Response("hello"),
  echo: (req) => new Response(req.body, { headers: { "content-type": req.headers.get("content-type") ?? "" } }),
  describe: async (req, query) =>
    Response.json({
      method: req.method,
      path: new URL(req.url).pathname,
      query: query.get("q"),
      header: req.headers.get("x-test"),
      length: (await req.arrayBuffer()).byteLength,
    }),
  status: (_req, query) => new Response(null, { status: Number(query.get("code")) }),
  headers: () => {
    const headers = new Headers({ "x-answer": "42" });
    headers.append("set-cookie", "a=1; Path=/");
    headers.append("set-cookie", "b=2");
    return new Response("", { headers });
  },
  stream: (_req, query) => {
    let left = Number(query.get("count"));
    return new Response(
      new ReadableStream({
        pull(controller) {
          if (left-- > 0) controller.enqueue(new Uint8Array(1024).fill("x".charCodeAt(0)));
          else controller.close();
        },
      }),
    );
  },
  count: async (req) => {
    let bytes = 0;
    for await (const chunk of req.body!) bytes += chunk.length;
    return Response.json({ bytes });
  },
  increment: () => new Response(`${++counter}`),
  random: () => new Response(`${Math.random()}`),
  log: () => {
    console.log("a line");
    return new Response("logged");
  },
  env: (_req, _query, { env }) => Response.json(Object.keys(env)),
  sleep: async (_req, query) => {
    await new Promise((resolve) => setTimeout(resolve, Number(query.get("ms"))));
    return new Response("woke");
  },
  throw: () => {
    throw new Error("thrown on purpose");
  },
  nonsense: () => 42,
  spin: () => {
    for (;;);
  },
  wait: () => new Promise(() => {}),
  allocate: () => {
    const held: Uint8Array[] = [];
    for (;;) held.push(new Uint8Array(65_536));
  },
  recurse: function recurse(): unknown {
    return [recurse()];
  },
  cut: () =>
    new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode("half of it")),
        pull: (controller) => controller.error(new Error("broken in the middle")),
      }),
    ),
};

export default (req: Request, ctx: Context) => {
  const query = new URL(req.url).searchParams;
  return behaviours[query.get("do") ?? ""](req, query, ctx) as Response;
};
