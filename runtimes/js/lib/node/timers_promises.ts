/** node:timers/promises. */
import type { AbortSignal } from "../abort.ts";
import { onAbort } from "../abort.ts";
import * as timers from "../timers.ts";

interface Options {
  readonly signal?: AbortSignal;
}

function abortError(signal: AbortSignal): Error {
  const error = new Error("The operation was aborted", { cause: signal.reason });
  return Object.assign(error, { name: "AbortError", code: "ABORT_ERR" });
}

export function setTimeout<T>(delay?: number, value?: T, { signal }: Options = {}): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(abortError(signal));
    const id = timers.setTimeout(() => resolve(value), delay);
    if (!signal) return;
    onAbort(signal, () => {
      timers.clearTimeout(id);
      reject(abortError(signal));
    });
  });
}

export const setImmediate = <T>(value?: T, options?: Options): Promise<T | undefined> => setTimeout(0, value, options);

export async function* setInterval<T>(delay?: number, value?: T, options?: Options): AsyncGenerator<T | undefined> {
  for (;;) yield await setTimeout(delay, value, options);
}

export const scheduler = {
  wait: (delay: number, options?: Options): Promise<undefined> => setTimeout(delay, undefined, options),
  yield: (): Promise<undefined> => setTimeout(0),
};
