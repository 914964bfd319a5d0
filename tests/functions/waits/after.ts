/** Work after the response: with `waitUntil` it is done, without it it is not. */
export default (req: Request, ctx: { waitUntil(promise: Promise<unknown>): void }) => {
  const how = new URL(req.url).searchParams.get("how");
  const work = new Promise<void>((resolve) =>
    setTimeout(() => {
      console.log(`done after the response: ${how}`);
      resolve();
    }, 20)
  );
  if (how === "waitUntil") ctx.waitUntil(work);
  return new Response("early");
};
