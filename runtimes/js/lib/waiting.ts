import { reportException } from "./exceptions.ts";
import { native, PromiseState } from "./native.ts";
import { resolve } from "./primordials.ts";

/** The intrinsic promise of a value, which may be any thenable. */
export function promiseOf(value: unknown): Promise<unknown> {
  return native.promiseState(value) === PromiseState.NONE ? resolve(value) : value as Promise<unknown>;
}

export function waitUntil(value: unknown): void {
  native.hold();
  native.promiseThen(promiseOf(value), native.release, (error) => {
    native.release();
    reportException(error);
  });
}
