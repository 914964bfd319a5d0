export const config = { timeoutMs: 500 };

export default (_req: Request, ctx: { waitUntil(promise: Promise<unknown>): void }) => {
  ctx.waitUntil(new Promise(() => {}));
  return new Response("early");
};
