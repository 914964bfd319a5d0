/** A promise was rejected and nobody handles it: told to listeners, else logged. It does not fail the request. */
import { logUncaught } from "./failures.ts";
import { dispatchGlobal, PromiseRejectionEvent } from "./global_events.ts";

export function onRejection(promise: Promise<unknown>, reason: unknown): void {
  const event = () => new PromiseRejectionEvent("unhandledrejection", { promise, reason, cancelable: true });
  if (dispatchGlobal("unhandledrejection", event)) logUncaught(reason, "Uncaught (in promise)");
}
