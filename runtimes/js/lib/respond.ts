/** Hands a response to the engine: at once when it is whole, else piece by piece as its stream gives them. */
import { isUint8Array } from "./binary.ts";
import { isUnusable, streamOf } from "./body.ts";
import { failBody, refuseResponse } from "./failures.ts";
import { brief } from "./inspect.ts";
import { native } from "./native.ts";
import { BytesBody, type Payload, TextBody, wholeOf } from "./payload.ts";
import { rawResponseHeaders, type Response, responseState } from "./response.ts";
import type { ReadableStreamDefaultReader } from "./streams.ts";

const isWhole = (payload: Payload): payload is TextBody | BytesBody =>
  payload instanceof TextBody || payload instanceof BytesBody;

export function respond(response: Response): void {
  const state = responseState(response);
  const { status } = state;
  const payload = wholeOf(state.payload);
  if (status < 200 || status > 599) return refuseResponse(`The handler returned a response of status ${status}`);
  if (isUnusable(state)) {
    return refuseResponse("The handler returned a response whose body was read already, or is locked");
  }
  const headers = rawResponseHeaders(response);
  const isStream = payload !== null && !isWhole(payload);
  const body = payload === null || isStream ? undefined : (payload as TextBody | BytesBody).content;
  if (!native.respond(status, headers, body, isStream)) {
    return refuseResponse("The handler returned a response with too long headers");
  }
  if (payload === null) return;
  state.used = true;
  if (!isStream) return;
  source = new StreamSource(streamOf(state)!.getReader());
  source.next();
}

/** The stream of the response that is being sent. */
class StreamSource {
  constructor(readonly reader: ReadableStreamDefaultReader<Uint8Array>) {}

  next(): void {
    native.promiseThen(this.reader.read(), this.#onRead, this.#onError);
  }

  readonly #onRead = ({ done, value }: { done: boolean; value?: unknown }): void => {
    if (done) {
      source = null;
      native.write(undefined, true);
    } else if (!isUint8Array(value)) {
      this.#onError(new TypeError(`Cannot send a chunk of the response: it is no Uint8Array but ${brief(value)}`));
    } else if (native.write(value, false)) {
      this.next();
    }
  };

  readonly #onError = (error: unknown): void => {
    source = null;
    failBody(error);
  };

  cancel(reason: unknown): void {
    native.markHandled(this.reader.cancel(reason));
  }
}

let source: StreamSource | null = null;

/** What was written is out. */
export function onWritable(): void {
  source?.next();
}

export function cancelResponse(reason: unknown): void {
  const canceled = source;
  source = null;
  canceled?.cancel(reason);
}
