import { LAYOUT } from "../../ffi/layout.ts";
import type { ErrorCode } from "../errors.ts";
import type { Invocation } from "../types.ts";
import type { FrameWriter } from "./wire.ts";

/** A request's body on its way into a sandbox: at most one piece is held, and it is read only as fast as the guest takes it. */
export class BodySource {
  bytesRead = 0;
  readonly isEmpty: boolean;
  readonly #limit: number;
  readonly #onChange: (problem: ErrorCode | null) => void;
  readonly #whole: Uint8Array | null;
  readonly #stream: ReadableStream<Uint8Array> | null;
  #reader: ReadableStreamDefaultReader<Uint8Array> | null = null;
  #piece: Uint8Array | null;
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
    this.#piece = this.#whole;
    this.#complete = this.#stream === null;
    this.bytesRead = this.#whole?.length ?? 0;
  }

  /** Back to the start, for a run that has to be done again. A stream was not read before its sandbox first parked. */
  rewind(): void {
    this.#piece = this.#whole;
    this.#credit = LAYOUT.initialCredit;
    this.#endWritten = false;
  }

  get hasInput(): boolean {
    if (this.isEmpty || this.#endWritten) return false;
    return this.#piece !== null && this.#piece.length > 0 ? this.#credit > 0 : this.#complete;
  }

  grant(bytes: number): void {
    this.#credit += bytes;
  }

  write(writer: FrameWriter): void {
    if (this.isEmpty || this.#endWritten) return;
    const piece = this.#piece;
    if (piece && piece.length > 0) {
      const size = Math.min(piece.length, this.#credit, LAYOUT.chunkMax);
      if (size > 0) writer.chunk(piece.subarray(0, size));
      this.#credit -= size;
      this.#piece = size < piece.length ? piece.subarray(size) : null;
    }
    if (this.#complete && (this.#piece === null || this.#piece.length === 0)) {
      writer.end();
      this.#endWritten = true;
    }
  }

  /** Reads on, if the guest has credit and nothing is held back. */
  pull(): void {
    if (this.#stream === null || this.#reading || this.#complete || this.#piece !== null || this.#credit <= 0) return;
    this.#reading = true;
    this.#reader ??= this.#stream.getReader();
    this.#reader.read().then((result) => {
      this.#reading = false;
      if (result.done) {
        this.#complete = true;
      } else {
        this.#piece = result.value.length > 0 ? result.value : null;
        this.bytesRead += result.value.length;
        if (this.bytesRead > this.#limit) return this.#onChange("body_too_large");
        if (this.#piece === null) return this.pull();
      }
      this.#onChange(null);
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
    const stopped = this.#reader ? this.#reader.cancel() : this.#stream.cancel();
    stopped.catch(() => {});
  }
}
