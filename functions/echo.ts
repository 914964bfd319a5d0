/** Sends back what it gets, as it comes in: a body is a stream in both directions. */
export default (req: Request) =>
  new Response(req.body, {
    headers: { "content-type": req.headers.get("content-type") ?? "application/octet-stream" },
  });
