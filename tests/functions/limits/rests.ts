export const config = { cpuMs: 200, timeoutMs: 20000 };

/** Waits for longer than its CPU time: waiting costs none. */
export default async () => {
  await new Promise((resolve) => setTimeout(resolve, 600));
  return new Response("rested");
};
