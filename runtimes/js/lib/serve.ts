/** One request: the handler is called, and what it returns is sent. */
import { Context } from "../../shared/context.ts";
import { Exchange } from "./exchange.ts";
import { fail, refuseResponse } from "./failures.ts";
import { brief } from "./inspect.ts";
import { native, PromiseState } from "./native.ts";
import { incomingRequest, type Request } from "./request.ts";
import { cancelResponse, respond } from "./respond.ts";
import { isResponse } from "./response.ts";
import { promiseOf } from "./waiting.ts";

export type Handler = (request: Request, context: Context) => unknown;

let handler: Handler | null = null;
let current: Exchange | null = null;

export function serveWith(found: Handler): void {
  handler = found;
}

export function onRequest(context: string, hasBody: boolean): void {
  if (current !== null) current.isOver = true;
  const exchange = current = new Exchange(context);
  let result: unknown;
  try {
    result = handler!(incomingRequest(exchange, hasBody), new Context(exchange));
  } catch (error) {
    return fail(error);
  }
  if (isResponse(result)) return respond(result);
  const state = native.promiseState(result);
  if (state === PromiseState.FULFILLED) {
    take(native.promiseResult(result as Promise<unknown>));
  } else if (state !== PromiseState.NONE || isThenable(result)) {
    native.promiseThen(promiseOf(result), take, fail);
  } else {
    take(result);
  }
}

const isThenable = (value: unknown): boolean => {
  try {
    return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
  } catch {
    return false;
  }
};

function take(result: unknown): void {
  if (isResponse(result)) return respond(result);
  refuseResponse(`The handler did not return a Response but ${brief(result)}`);
}

export function onCancel(): void {
  current?.cancel();
  cancelResponse(current?.signal.reason);
}
