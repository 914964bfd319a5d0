/** The body of a response that was fetched: the host has it, and gives it piece by piece. */
import { type AbortSignal, onAbort } from "./abort.ts";
import { concatBytes } from "./binary.ts";
import { placed } from "./error_stack.ts";
import type { FetchExchange } from "./fetch_exchange.ts";
import { type Bytes, native } from "./native.ts";
import { decodeText, type Payload } from "./payload.ts";
import { push, shift } from "./primordials.ts";
import { type ReadableByteStreamController, ReadableStream } from "./streams.ts";

/** Bodies that nobody has begun to read, the oldest first. */
const unread = new Set<WeakRef<FetchedBody>>();

interface Forgotten {
  readonly exchange: FetchExchange;
  readonly reference: WeakRef<FetchedBody>;
}

/** A response that nobody can read any more holds a connection no longer. */
const forgotten = new FinalizationRegistry<Forgotten>(({ exchange, reference }) => {
  unread.delete(reference);
  exchange.close();
});

/**
 * Only so many exchanges can be open. When another waits for its turn, a body that nobody reads comes into the
 * function's own memory: whoever asks for hundreds of responses before reading the first would wait for ever.
 */
export function makeRoom(): void {
  for (const reference of unread) {
    unread.delete(reference);
    const body = reference.deref();
    if (body !== undefined) return body.readAhead();
  }
}

export class FetchedBody implements Payload {
  readonly type = null;
  readonly length = null;
  readonly #exchange: FetchExchange;
  readonly #signal: AbortSignal;
  readonly #url: string;
  /** What is here already, to begin with what came along with the head. */
  readonly #here: Bytes[] = [];
  /** Set while the body is read ahead. */
  #ahead: Promise<void> | null = null;
  readonly #reference = new WeakRef(this);

  constructor(exchange: FetchExchange, signal: AbortSignal, url: string, first: Bytes) {
    this.#exchange = exchange;
    this.#signal = signal;
    this.#url = url;
    if (first.length > 0) push(this.#here, first.slice());
    if (exchange.ended) return;
    forgotten.register(this, { exchange, reference: this.#reference });
    unread.add(this.#reference);
  }

  async text(): Promise<string> {
    return decodeText(await this.bytes());
  }

  async bytes(): Promise<Bytes> {
    const call = new Error();
    const pieces: Bytes[] = [];
    try {
      for (let piece = await this.#next(); piece !== null; piece = await this.#next()) push(pieces, piece);
    } catch (error) {
      throw placed(error, call);
    }
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

  /** A failure is for whoever reads. */
  readAhead(): void {
    this.#ahead = this.#readAll();
    native.markHandled(this.#ahead);
  }

  async #readAll(): Promise<void> {
    while (!this.#exchange.ended) push(this.#here, await this.#read());
  }

  /** null: there is no more. */
  async #next(): Promise<Bytes | null> {
    unread.delete(this.#reference);
    this.#signal.throwIfAborted();
    if (this.#ahead !== null) await this.#ahead;
    for (;;) {
      const piece = shift(this.#here) ?? (this.#exchange.ended ? null : await this.#read());
      if (piece === null || piece.length > 0) return piece;
    }
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
