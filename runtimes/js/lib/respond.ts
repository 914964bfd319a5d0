/** Hands a response to the engine: at once when it is whole, else piece by piece as its stream gives them. */
import { ExitCode, native } from "./native.ts";
import { BytesBody, TextBody } from "./payload.ts";
import { isUint8Array } from "./binary.ts";
import { streamOf } from "./body.ts";
import { rawResponseHeaders, type Response, responseState } from "./response.ts";
import type { ReadableStreamDefaultReader } from "./streams.ts";
import { describeError } from "./failures.ts";
import { brief, inspect } from "./inspect.ts";

const badResponse = (message: string) => native.exit(ExitCode.BAD_RESPONSE, `${message}\n`);

export function respond(response: Response): void {
  const state = responseState(response);
  const { payload, status } = state;
  if (status < 200 || status > 599) return badResponse(`The handler returned a response of status ${status}`);
  if (state.used) return badResponse("The handler returned a response whose body was read already");
  const headers = rawResponseHeaders(response);
  state.used = true;
  let sent: boolean;
  if (payload === null) sent = native.respond(status, headers, undefined, false);
  else if (payload instanceof TextBody || payload instanceof BytesBody) {
    sent = native.respond(status, headers, payload.content, false);
  } else sent = respondWithStream(state, status, headers);
  if (!sent) badResponse("The handler returned a response with too long headers");
}

function respondWithStream(state: ReturnType<typeof responseState>, status: number, headers: string): boolean {
  let reader: ReadableStreamDefaultReader<Uint8Array>;
  try {
    reader = streamOf(state)!.getReader();
  } catch {
    badResponse("The handler returned a response whose body is locked");
    return true;
  }
  if (!native.respond(status, headers, undefined, true)) return false;
  source = new StreamSource(reader);
  source.next();
  return true;
}

/** The stream of the response that is being sent. */
class StreamSource {
  constructor(readonly reader: ReadableStreamDefaultReader<Uint8Array>) {}

  next = (): void => native.promiseThen(this.reader.read(), this.#onRead, this.#onError);

  #onRead = ({ done, value }: { done: boolean; value?: unknown }): void => {
    if (done) {
      source = null;
      native.write(undefined, true);
    } else if (!isUint8Array(value)) {
      this.#onError(new TypeError(`Cannot send a chunk of the response: it is no Uint8Array but ${brief(value)}`));
    } else if (native.write(value, false)) {
      this.next();
    }
  };

  #onError = (error: unknown): void => {
    source = null;
    native.spareMemory();
    native.exit(ExitCode.BODY_ERROR, describeError(error, inspect));
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
