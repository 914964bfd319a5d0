import type { ClientRequest, IncomingMessage } from "node:http";
import { nextTick } from "node:process";
import type { Readable, Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  br: createBrotliDecompress,
  deflate: createInflate,
};

/** The body of a response as its guest reads it: pulled, so that little more than one piece of it is ever here. */
export class ResponseBody {
  readonly isDecoded: boolean;
  readonly #source: Readable;
  #isEnd = false;
  #error: Error | null = null;
  #wake: (() => void) | null = null;

  constructor(request: ClientRequest, response: IncomingMessage) {
    this.#source = decoded(request, response);
    this.isDecoded = this.#source !== response;
    for (const stream of new Set([response, this.#source])) stream.on("error", (error) => this.fail(error));
    response.on("aborted", () => this.fail(new Error("the connection was closed before the body was complete")));
    this.#source.on("readable", () => this.#wake?.());
    this.#source.on("end", () => {
      this.#isEnd = true;
      this.#wake?.();
    });
  }

  /** Whether there is something to take. */
  get hasNews(): boolean {
    return this.#source.readableLength > 0;
  }

  get isEnd(): boolean {
    return this.#isEnd;
  }

  /** What is there, at most so many bytes; empty when nothing is. */
  async take(most: number): Promise<Uint8Array> {
    if (this.#error) throw this.#error;
    const source = this.#source;
    // All that is there, not its first chunk alone: a server may send one for each byte.
    const length = Math.min(most, source.readableLength);
    const piece: Uint8Array | null = length > 0 ? source.read(length) : null;
    if (source.readableLength === 0) {
      // This makes a stream that is complete say so, a tick later.
      source.read(0);
      await new Promise<void>((resolve) => nextTick(resolve));
    }
    return piece ?? new Uint8Array();
  }

  /** The next bytes; empty when the body has ended. */
  async read(most: number): Promise<Uint8Array> {
    for (;;) {
      const news = new Promise<void>((resolve) => this.#wake = resolve);
      const piece = await this.take(most);
      if (piece.length > 0 || this.#isEnd) return piece;
      if (!this.#error) await news;
    }
  }

  close(): void {
    this.#source.destroy();
    this.fail(new Error("the fetch has ended"));
  }

  fail(error: Error): void {
    this.#error ??= error;
    this.#wake?.();
  }
}

function decoded(request: ClientRequest, response: IncomingMessage): Readable {
  const encoding = response.headers["content-encoding"]?.toLowerCase() ?? "";
  const isEmpty = request.method === "HEAD" || response.headers["content-length"] === "0" ||
    [204, 205, 304].includes(response.statusCode!);
  return isEmpty || !Object.hasOwn(DECODERS, encoding) ? response : response.pipe(DECODERS[encoding]());
}
