import { LAYOUT } from "../../ffi/layout.ts";
import { LIMITS } from "../limits.ts";
import type { Usage } from "../types.ts";
import { SmallPieces } from "./small_pieces.ts";
import type { ResponseSink } from "./tier.ts";
import { type FrameReader, type FrameWriter, WireError } from "./wire.ts";

/** A guest's response on its way out: the order of its frames, its limits, and the credit that paces it. */
export class GuestResponse {
  /** Of the head, once it is out. */
  status: number | null = null;
  ended = false;
  /** What of it is still passed on: a response that was given up is read and dropped. */
  dropped = false;
  readonly #sink: ResponseSink;
  readonly #usage: Usage;
  readonly #maxBytes: number;
  readonly #onCredit: () => void;
  /** Credit that the sandbox still has, and what the reader has taken since it was last told. */
  #window: number = LAYOUT.initialCredit;
  #owed = 0;
  /** Chunks of one step: small ones go on together. */
  #chunks: Uint8Array<ArrayBuffer>[] = [];
  readonly #small = new SmallPieces();
  /** What the reader takes next, and how much of it. */
  #taking: { readonly taken: Promise<void>; bytes: number } | null = null;

  constructor(sink: ResponseSink, usage: Usage, maxBytes: number, onCredit: () => void) {
    this.#sink = sink;
    this.#usage = usage;
    this.#maxBytes = maxBytes;
    this.#onCredit = onCredit;
  }

  /** Worth a step: less would wake the sandbox for every small piece. */
  get hasCredit(): boolean {
    return this.#owed > 0 && this.#window <= LAYOUT.initialCredit / 2;
  }

  writeCredit(writer: FrameWriter): void {
    if (!this.hasCredit) return;
    writer.credit(this.#owed);
    this.#window += this.#owed;
    this.#owed = 0;
  }

  /** Returns what is wrong with it as a response, if something is. */
  head(frame: FrameReader): string | null {
    if (this.status !== null) throw new WireError("Cannot take a second head");
    if (this.dropped) return null;
    const headers = frame.length === 0 ? [] : frame.text().split("\n");
    if (headers.length > 0) headers.pop();
    if (frame.length > LIMITS.responseHeaderBytes || headers.length > 2 * LIMITS.responseHeaderCount) {
      return "The function's response has too many or too long headers";
    }
    if (headers.length % 2 !== 0) throw new WireError("Cannot read a head: a header has no value");
    this.status = frame.aux;
    this.#sink.head(frame.aux, headers, this.#usage);
    return null;
  }

  chunk(frame: FrameReader): string | null {
    this.#afterHead();
    const { length } = frame;
    if (length === 0) throw new WireError("Cannot take a chunk without bytes");
    if (length > this.#window) throw new WireError("Cannot take a chunk beyond the sandbox's credit");
    this.#window -= length;
    if (this.dropped) return null;
    this.#usage.bytesOut += length;
    if (this.#usage.bytesOut > this.#maxBytes) {
      this.flush();
      return "The function's response is larger than its responseMb";
    }
    this.#small.add(this.#chunks, frame.bytes());
    return null;
  }

  /** A step's chunks have all come. */
  flush(): void {
    if (this.#chunks.length === 0) return;
    const chunks = this.#chunks;
    this.#chunks = [];
    if (this.dropped) return;
    for (const chunk of chunks) this.#pass(chunk);
  }

  #pass(chunk: Uint8Array<ArrayBuffer>): void {
    const taken = this.#sink.chunk(chunk);
    if (taken === undefined) {
      this.#owed += chunk.length;
    } else if (this.#taking?.taken === taken) {
      this.#taking.bytes += chunk.length;
    } else {
      const taking = this.#taking = { taken, bytes: chunk.length };
      taken.then(() => {
        if (this.#taking === taking) this.#taking = null;
        this.#owed += taking.bytes;
        this.#onCredit();
      });
    }
  }

  end(): void {
    this.#afterHead();
    this.flush();
    this.ended = true;
    if (!this.dropped) this.#sink.end();
  }

  #afterHead(): void {
    if (this.status === null && !this.dropped) throw new WireError("Cannot take a body before its head");
    if (this.ended) throw new WireError("Cannot take more of a body that has ended");
  }
}
