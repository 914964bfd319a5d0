/** The body of the request that came in, as the engine has it. */
import { BodyState, type Bytes, native } from "./native.ts";
import type { Payload } from "./payload.ts";
import { PromiseIntrinsic, resolve } from "./primordials.ts";
import { shareFields } from "./shared_fields.ts";
import { type ReadableByteStreamController, ReadableStream } from "./streams.ts";

const PIECE_BYTES = 65536;
const ALL_BYTES = 2 ** 32 - 1;

let wake: (() => void) | null = null;

/** There is more of it, or its end. */
export function onBody(): void {
  const resume = wake;
  wake = null;
  resume?.();
}

const isComplete = (): boolean => (native.bodyState() & BodyState.COMPLETE) !== 0;
const hasUnread = (): boolean => (native.bodyState() & BodyState.UNREAD) !== 0;

/** Resolves at the next news. */
function news(whole: boolean): Promise<void> {
  native.bodyWant(whole);
  return new PromiseIntrinsic((resolve) => wake = resolve);
}

async function complete(): Promise<void> {
  while (!isComplete()) await news(true);
}

const readText = (): string => native.bodyText();
const readBytes = (): Bytes => native.bodyBytes(ALL_BYTES);

export class IncomingBody implements Payload {
  declare readonly type: null;

  text(): Promise<string> {
    return isComplete() ? resolve(readText()) : complete().then(readText);
  }

  bytes(): Promise<Bytes> {
    return isComplete() ? resolve(readBytes()) : complete().then(readBytes);
  }

  /** Nothing is read before somebody pulls. */
  stream(): ReadableStream<Bytes> {
    return new ReadableStream<Bytes>({
      type: "bytes",
      async pull(controller: ReadableByteStreamController) {
        while (!hasUnread() && !isComplete()) await news(false);
        if (hasUnread()) return controller.enqueue(native.bodyBytes(PIECE_BYTES));
        controller.close();
        controller.byobRequest?.respond(0);
      },
    }, { highWaterMark: 0 });
  }
}
shareFields(IncomingBody, { type: null });
