import { SmallPieces } from "../tiers/small_pieces.ts";
import type { GuestLine, ResponseSink } from "../tiers/tier.ts";
import type { HeaderList, Usage } from "../types.ts";

/** A response that ends before it is whole; the connection is reset. */
export class ResponseCut extends Error {
  override readonly name = "ResponseCut";
}

/**
 * Turns the two phases of a guest's response into one for HTTP: whole when the guest was done in one go, which is most
 * often, else a stream whose reader's pace the guest is held to.
 */
export class HttpSink implements ResponseSink {
  status = 0;
  headers: HeaderList = [];
  usage: Usage | null = null;
  ended = false;
  bytes = 0;
  /** Told in the turn after the head came: by then it is known whether the response is whole. */
  onHead: (() => void) | null = null;
  readonly #onLog: (line: GuestLine) => void;
  /** What has come before its reader, or its turn. */
  readonly #chunks: Uint8Array<ArrayBuffer>[] = [];
  readonly #small = new SmallPieces();
  #stream: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | null = null;
  #wanted: PromiseWithResolvers<void> | null = null;
  /** The reader left: whatever still comes is dropped. */
  #gone = false;

  constructor(onLog: (line: GuestLine) => void) {
    this.#onLog = onLog;
  }

  head(status: number, headers: HeaderList, usage: Usage): void {
    this.status = status;
    this.headers = headers;
    this.usage = usage;
    if (this.onHead) queueMicrotask(this.onHead);
  }

  chunk(bytes: Uint8Array<ArrayBuffer>): void | Promise<void> {
    if (this.#gone) return;
    this.bytes += bytes.length;
    if (this.#stream && this.#chunks.length === 0 && this.#stream.desiredSize! > 0) {
      this.#stream.enqueue(bytes);
      if (this.#stream.desiredSize! > 0) return;
    } else {
      this.#small.add(this.#chunks, bytes);
    }
    this.#wanted ??= Promise.withResolvers();
    return this.#wanted.promise;
  }

  end(): void {
    this.ended = true;
    if (this.#gone || !this.#stream) return;
    for (const chunk of this.#chunks.splice(0)) this.#stream.enqueue(chunk);
    this.#stream.close();
  }

  log(line: GuestLine): void {
    this.#onLog(line);
  }

  /** The body of a response that has ended. */
  whole(): Uint8Array<ArrayBuffer> | null {
    if (this.#chunks.length === 0) return null;
    if (this.#chunks.length === 1) return this.#chunks[0];
    const all = new Uint8Array(this.bytes);
    let at = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }

  /** The body of one that has not. `onCancel`: the reader left. */
  stream(onCancel: () => void): ReadableStream<Uint8Array<ArrayBuffer>> {
    return new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) => {
        this.#stream = controller;
      },
      pull: (controller) => {
        const next = this.#chunks.shift();
        if (next) return controller.enqueue(next);
        this.#wanted?.resolve();
        this.#wanted = null;
      },
      cancel: () => {
        this.#gone = true;
        onCancel();
      },
    }, { highWaterMark: 1 });
  }

  /** After the head only this is left to say that the response is not whole: the connection is reset. */
  fail(reason: string): void {
    if (!this.ended && !this.#gone) this.#stream?.error(new ResponseCut(reason));
    this.ended = true;
    this.#gone = true;
  }
}
