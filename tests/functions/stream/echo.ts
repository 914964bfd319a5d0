export default (req: Request) => new Response(req.body);
