/** What was thrown where no handler could catch it: told to the listeners of `error`, else logged. */
import { logUncaught } from "./failures.ts";

type Listener = (error: unknown) => boolean;
let listener: Listener = () => false;

/** `events.ts` is above this module: it says itself who handles an error. */
export function onException(handled: Listener): void {
  listener = handled;
}

export function reportException(error: unknown): void {
  if (!listener(error)) logUncaught(error, "Uncaught");
}
