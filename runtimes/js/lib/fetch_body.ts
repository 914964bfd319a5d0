/** The body of a response that was fetched: the host has it, and gives it piece by piece. */
import { type AbortSignal, onAbort } from "./abort.ts";
import { concatBytes } from "./binary.ts";
import type { FetchExchange } from "./fetch_exchange.ts";
import type { Bytes } from "./native.ts";
import { decodeText, type Payload } from "./payload.ts";
import { push } from "./primordials.ts";
import { type ReadableByteStreamController, ReadableStream } from "./streams.ts";

/** A response that nobody can read any more holds a connection no longer. */
const forgotten = new FinalizationRegistry<FetchExchange>((exchange) => exchange.close());

export class FetchedBody implements Payload {
  readonly type = null;
  readonly length = null;
  readonly #exchange: FetchExchange;
  readonly #signal: AbortSignal;
  readonly #url: string;
  /** What came along with the head. */
  #first: Bytes | null;

  constructor(exchange: FetchExchange, signal: AbortSignal, url: string, first: Bytes) {
    this.#exchange = exchange;
    this.#signal = signal;
    this.#url = url;
    this.#first = first.length > 0 ? first : null;
    if (!exchange.ended) forgotten.register(this, exchange);
  }

  async text(): Promise<string> {
    return decodeText(await this.bytes());
  }

  async bytes(): Promise<Bytes> {
    const pieces: Bytes[] = [];
    for (let piece = await this.#next(); piece !== null; piece = await this.#next()) push(pieces, piece);
    return pieces.length === 1 ? pieces[0] : concatBytes(pieces);
  }

  /** Nothing is read before somebody pulls. */
  stream(): ReadableStream<Bytes> {
    // The source keeps this body for as long as the stream can be read.
    const pull = async (controller: ReadableByteStreamController) => {
      const piece = await this.#next();
      if (piece !== null) return controller.enqueue(piece);
      controller.close();
      controller.byobRequest?.respond(0);
    };
    return new ReadableStream<Bytes>({
      type: "bytes",
      start: (controller: ReadableByteStreamController) => {
        onAbort(this.#signal, () => controller.error(this.#signal.reason));
      },
      pull,
      cancel: () => this.#exchange.close(),
    }, { highWaterMark: 0 });
  }

  /** null: there is no more. */
  async #next(): Promise<Bytes | null> {
    this.#signal.throwIfAborted();
    const first = this.#first;
    this.#first = null;
    if (first !== null) return first.slice();
    while (!this.#exchange.ended) {
      const piece = await this.#read();
      if (piece.length > 0) return piece;
    }
    return null;
  }

  async #read(): Promise<Bytes> {
    try {
      return await this.#exchange.read();
    } catch (error) {
      this.#exchange.close();
      this.#signal.throwIfAborted();
      const { message } = error as Error;
      throw new TypeError(`Cannot read the response of ${this.#url}: ${message}`, { cause: error });
    }
  }
}
