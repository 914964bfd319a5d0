import type { HostCalls } from "./engine.ts";

/** What functions may ask of the host; nothing yet. */
export const hostCalls: HostCalls = (operation) =>
  Promise.reject(new Error(`Cannot do host call ${operation}: there is none of that number`));
