export const config = { cpuMs: 200, timeoutMs: 20000 };

/** Burns CPU in small pieces, with rests between them: its CPU time passes long before its wall time. */
export default async () => {
  for (;;) {
    const until = Date.now() + 20;
    while (Date.now() < until);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
};
