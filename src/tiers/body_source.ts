import { LAYOUT } from "../../ffi/layout.ts";
import type { ErrorCode } from "../errors.ts";
import { LIMITS } from "../limits.ts";
import type { Invocation } from "../types.ts";
import type { FrameWriter } from "./wire.ts";

/** A caller that sends single bytes costs no more than one that sends kilobytes. */
const MOST_PIECES = 64;

/** A request's body on its way into a sandbox: little is held of it, and it is read only as the guest takes it. */
export class BodySource {
  bytesRead = 0;
  readonly isEmpty: boolean;
  readonly #limit: number;
  readonly #onChange: (problem: ErrorCode | null) => void;
  readonly #whole: Uint8Array | null;
  readonly #stream: ReadableStream<Uint8Array> | null;
  #reader: ReadableStreamDefaultReader<Uint8Array> | null = null;
  readonly #pieces: Uint8Array[] = [];
  #heldBytes = 0;
  #credit: number = LAYOUT.initialCredit;
  #complete: boolean;
  #endWritten = false;
  #reading = false;

  /** `onChange`: something came, or why nothing more will. */
  constructor(body: Invocation["body"], limit: number, onChange: (problem: ErrorCode | null) => void) {
    this.isEmpty = body === null;
    this.#limit = limit;
    this.#onChange = onChange;
    this.#whole = body instanceof Uint8Array ? body : null;
    this.#stream = body instanceof ReadableStream ? body : null;
    this.#complete = this.#stream === null;
    this.bytesRead = this.#whole?.length ?? 0;
    this.rewind();
  }

  /** Back to the start, for a run that has to be done again. A stream was not read before its sandbox first parked. */
  rewind(): void {
    if (this.#whole) {
      this.#pieces[0] = this.#whole;
      this.#heldBytes = this.#whole.length;
    }
    this.#credit = LAYOUT.initialCredit;
    this.#endWritten = false;
  }

  get hasInput(): boolean {
    if (this.isEmpty || this.#endWritten) return false;
    return this.#heldBytes > 0 ? this.#credit > 0 : this.#complete;
  }

  grant(bytes: number): void {
    this.#credit += bytes;
  }

  /** As much as the guest has credit for and fits one step, and one full chunk at most: other frames need room too. */
  write(writer: FrameWriter): void {
    if (this.isEmpty || this.#endWritten) return;
    let room = LAYOUT.chunkMax;
    while (this.#heldBytes > 0 && this.#credit > 0 && room > 0) {
      const piece = this.#pieces[0];
      const size = Math.min(piece.length, this.#credit, room);
      writer.chunk(piece.subarray(0, size));
      room -= size;
      this.#credit -= size;
      this.#heldBytes -= size;
      if (size < piece.length) this.#pieces[0] = piece.subarray(size);
      else this.#pieces.shift();
    }
    if (this.#complete && this.#heldBytes === 0) {
      writer.end();
      this.#endWritten = true;
    }
  }

  /** Reads on, if the guest has credit and little is held. */
  pull(): void {
    if (this.#stream === null || this.#reading || this.#complete) return;
    if (this.#credit <= 0 || this.#heldBytes > LAYOUT.chunkMax || this.#pieces.length >= MOST_PIECES) return;
    this.#reading = true;
    this.#reader ??= this.#stream.getReader();
    this.#readAhead(this.#reader);
  }

  /** Several pieces in a row, without a turn of the event loop between them: see LIMITS.unreadBytes. */
  #readAhead(reader: ReadableStreamDefaultReader<Uint8Array>): void {
    reader.read().then(({ done, value }) => {
      if (this.#complete) return;
      if (done) {
        this.#complete = true;
      } else {
        this.bytesRead += value.length;
        if (this.bytesRead > this.#limit) return this.#onChange("body_too_large");
        this.#heldBytes += value.length;
        if (value.length > 0) this.#pieces.push(value);
      }
      this.#reading = !done && this.#heldBytes < LIMITS.bodyAheadBytes && this.#pieces.length < MOST_PIECES;
      if (this.#reading) this.#readAhead(reader);
      if (done || value.length > 0) this.#onChange(null);
    }, () => {
      this.#reading = false;
      if (!this.#complete) this.#onChange("canceled");
    });
  }

  /** Nobody reads on: the rest is not wanted. */
  close(): void {
    if (this.#stream === null || this.#complete) return;
    this.#complete = true;
    this.#endWritten = true;
    this.#pieces.length = 0;
    const stopped = this.#reader ? this.#reader.cancel() : this.#stream.cancel();
    stopped.catch(() => {});
  }
}
