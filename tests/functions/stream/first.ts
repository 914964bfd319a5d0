export const config = { timeoutMs: 5000 };

/** Reads the first piece of its body, and no more of it. */
export default async (req: Request) => {
  await req.body!.getReader().read();
  return await new Promise<Response>(() => {});
};
