export default (req: Request) =>
  new Response(req.body, { headers: { "content-type": req.headers.get("content-type") ?? "text/plain" } });
