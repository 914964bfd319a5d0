/** node:timers, and the two globals of it that the Web does not have. */
import { clearInterval, clearTimeout, setInterval, setTimeout } from "../timers.ts";

type Callback = (...args: unknown[]) => void;

export const setImmediate = (callback: Callback, ...args: unknown[]): number => setTimeout(callback, 0, ...args);
export const clearImmediate = (id?: unknown): void => clearTimeout(id);
export { clearInterval, clearTimeout, setInterval, setTimeout };
