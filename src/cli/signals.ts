/** As shells report a program that a signal ended. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** Resolves at the first signal to end; the second ends the process at once. */
export function firstSignal(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let isSecond = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => {
      if (isSecond) Deno.exit(EXIT_CODES[signal]);
      isSecond = true;
      resolve();
    });
  }
  return promise;
}
