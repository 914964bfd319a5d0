/** As shells report a program that a signal ended. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** A Ctrl-C reaches every process of the terminal's job, and each `deno task` above this one passes it on: it comes several times. */
const SAME_SIGNAL_MS = 300;

/** Resolves at the first signal to end; the next one ends the process at once. */
export function firstSignal(sameSignalMs = SAME_SIGNAL_MS): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let firstMs: number | null = null;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => {
      const nowMs = performance.now();
      firstMs ??= nowMs;
      if (nowMs > firstMs + sameSignalMs) Deno.exit(EXIT_CODES[signal]);
      resolve();
    });
  }
  return promise;
}
