/**
 * Host calls: what the library cannot do itself it asks of the host. A call has an id, and waits without holding
 * anything; its answer comes with some later step.
 */
import { MOST_CALL_BYTES } from "../../../src/host/operations.ts";
import type { AbortSignal } from "./abort.ts";
import { onAbort } from "./abort.ts";
import { placed } from "./error_stack.ts";
import { type Bytes, native } from "./native.ts";
import { mapDelete, mapGet, mapSet, PromiseIntrinsic, push, shift, viewLength } from "./primordials.ts";

interface Call {
  readonly operation: number;
  readonly resolve: (result: Bytes) => void;
  readonly reject: (reason: Error) => void;
  /** Its stack is where the call was made: an answer comes when nothing of the user's runs. */
  readonly place: Error;
}

const open = new Map<number, Call>();
/** Those that wait for others to be answered, or for room in a step. */
const unsent: { id: number; operation: number; bytes: Bytes }[] = [];
/** What the host takes at a time, and some to spare. */
const MOST_SENT = 500;
let sent = 0;
let lastId = 0;

/** Who waits for a call. */
export interface Caller {
  resolve(result: Bytes): void;
  reject(reason: Error): void;
}

/** Rejects with an Error of the host's words, or with the signal's reason; then the answer is dropped when it comes. */
export function hostCall(operation: number, bytes: Bytes, signal?: AbortSignal): Promise<Bytes> {
  return new PromiseIntrinsic((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const id = askHost(operation, bytes, { resolve, reject });
    if (signal) {
      onAbort(signal, () => {
        if (mapDelete(open, id)) reject(signal.reason);
      });
    }
  });
}

/** Without a promise, which would look for `then` in the answer: a function may have put one there to see it. */
export function askHost(operation: number, bytes: Bytes, { resolve, reject }: Caller): number {
  const length = viewLength(bytes);
  if (length > MOST_CALL_BYTES) {
    throw new RangeError(`Cannot make a host call: it has ${length} bytes, more than ${MOST_CALL_BYTES}`);
  }
  const id = ++lastId;
  mapSet(open, id, { operation, resolve, reject, place: new Error() });
  push(unsent, { id, operation, bytes });
  send();
  return id;
}

function send(): void {
  while (unsent.length > 0 && sent < MOST_SENT && native.call(unsent[0].id, unsent[0].operation, unsent[0].bytes)) {
    shift(unsent);
    sent++;
  }
}

/** The last step had no room for all. */
export const onSendable = send;

export function onAnswer(id: number, failed: boolean, result: Bytes | string): void {
  sent--;
  send();
  const call = mapGet(open, id);
  if (call === undefined) return;
  mapDelete(open, id);
  if (failed) call.reject(placed(new Error(result as string), call.place));
  else call.resolve(result as Bytes);
}

/** Ends init, if no call waits for its answer: a snapshot cannot carry one. Else the place of such a call. */
export function endInit(): Error | null {
  const message = "Cannot finish the deploy: a call to the host is still open. It was made here";
  for (const { place } of open.values()) return placed(new Error(message), place);
  return null;
}
