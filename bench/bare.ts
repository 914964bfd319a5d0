/** The baseline: what Deno alone does. It prints its address. */
Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => console.log(`http://127.0.0.1:${port}`),
}, () => new Response("hello"));
