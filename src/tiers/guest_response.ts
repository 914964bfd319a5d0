import { LAYOUT } from "../../ffi/layout.ts";
import { LIMITS } from "../limits.ts";
import type { Usage } from "../types.ts";
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
    if (length > this.#window) throw new WireError("Cannot take a chunk beyond the sandbox's credit");
    this.#window -= length;
    if (this.dropped) return null;
    this.#usage.bytesOut += length;
    if (this.#usage.bytesOut > this.#maxBytes) return "The function's response is larger than its responseMb";
    const taken = this.#sink.chunk(frame.bytes());
    if (taken === undefined) {
      this.#owed += length;
    } else {
      taken.then(() => {
        this.#owed += length;
        this.#onCredit();
      });
    }
    return null;
  }

  end(): void {
    this.#afterHead();
    this.ended = true;
    if (!this.dropped) this.#sink.end();
  }

  #afterHead(): void {
    if (this.status === null && !this.dropped) throw new WireError("Cannot take a body before its head");
  }
}
