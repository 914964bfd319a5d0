import { reportException } from "./exceptions.ts";
import { native } from "./native.ts";

/** What it throws is reported: there is nobody to catch it. */
export function enqueue(task: () => void): void {
  native.enqueueJob(() => {
    try {
      task();
    } catch (error) {
      reportException(error);
    }
  });
}

export function queueMicrotask(callback: () => void): void {
  if (typeof callback !== "function") throw new TypeError("Cannot queue a microtask that is no function");
  enqueue(callback);
}
