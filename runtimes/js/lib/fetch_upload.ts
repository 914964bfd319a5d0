/** The body of a request on its way to the host: at once where it is small, else as fast as the server takes it. */
import { isUint8Array } from "./binary.ts";
import { type FetchExchange, PIECE_BYTES } from "./fetch_exchange.ts";
import { brief } from "./inspect.ts";
import { type Bytes, native } from "./native.ts";
import type { ReadableStream } from "./streams.ts";

const NOTHING: Bytes = new Uint8Array();

/** In pieces that fit a call; the last is marked where the caller knows that it is. */
async function sendPieces(exchange: FetchExchange, bytes: Bytes, isLast: boolean): Promise<void> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    const end = at + PIECE_BYTES;
    await exchange.write(bytes.subarray(at, end), isLast && end >= bytes.length);
  }
}

export const sendBytes = (exchange: FetchExchange, bytes: Bytes): Promise<void> => sendPieces(exchange, bytes, true);

/** Nothing is asked of the stream while the server takes nothing. */
export async function sendStream(exchange: FetchExchange, stream: ReadableStream<Bytes>): Promise<void> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return await exchange.write(NOTHING, true);
      if (!isUint8Array(value)) {
        throw new TypeError(`Cannot send a chunk of the body: it is no Uint8Array but ${brief(value)}`);
      }
      await sendPieces(exchange, value, false);
    }
  } catch (error) {
    native.markHandled(reader.cancel(error));
    throw error;
  }
}
