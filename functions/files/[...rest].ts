/** Takes every path below `/files`; a rest parameter is one decoded string. */
export default (_req: Request, { params }: { params: { rest: string } }) =>
  new Response(`You asked for ${params.rest}\n`, { headers: { "content-type": "text/plain" } });
