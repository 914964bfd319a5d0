import { setImmediate } from "node:timers";
import { LAYOUT } from "../../ffi/layout.ts";
import type { ErrorCode } from "../errors.ts";
import { LIMITS } from "../limits.ts";
import type { Invocation } from "../types.ts";
import { SmallPieces } from "./small_pieces.ts";
import type { FrameWriter } from "./wire.ts";

/** Of a sender so fast that Deno does not run dry within a turn. */
const MOST_HELD_BYTES = 4 * LIMITS.bodyAheadBytes;

/** A request's body on its way into a sandbox: little is held of it, and it is read only as the guest takes it. */
export class BodySource {
  bytesRead = 0;
  readonly isEmpty: boolean;
  readonly #limit: number;
  readonly #onChange: (problem: ErrorCode | null) => void;
  readonly #stream: ReadableStream<Uint8Array> | null;
  #reader: ReadableStreamDefaultReader<Uint8Array> | null = null;
  readonly #pieces: Uint8Array[] = [];
  #heldBytes = 0;
  #credit: number = LAYOUT.initialCredit;
  #complete: boolean;
  #endWritten = false;
  #reading = false;
  #piecesRead = 0;
  readonly #small = new SmallPieces();
  /** A read is under way since the event loop last turned: Deno has handed out all that it had. */
  #waited = false;
  #seesTurn = false;

  /** `onChange`: something came, or why nothing more will. */
  constructor(body: Invocation["body"], limit: number, onChange: (problem: ErrorCode | null) => void) {
    this.isEmpty = body === null;
    this.#limit = limit;
    this.#onChange = onChange;
    this.#stream = body instanceof ReadableStream ? body : null;
    this.#complete = this.#stream === null;
    if (body instanceof Uint8Array) {
      this.#pieces.push(body);
      this.#heldBytes = this.bytesRead = body.length;
    }
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
    const size = Math.min(this.#heldBytes, this.#credit, LAYOUT.chunkMax);
    if (size > 0) writer.chunk(this.#take(size));
    this.#credit -= size;
    if (this.#complete && this.#heldBytes === 0) {
      writer.end();
      this.#endWritten = true;
    }
  }

  /** So many bytes of what is held, in one piece. */
  #take(size: number): Uint8Array {
    this.#heldBytes -= size;
    if (this.#pieces[0].length >= size) return this.#takeFrom(size);
    const joined = new Uint8Array(size);
    for (let at = 0; at < size;) {
      const part = this.#takeFrom(size - at);
      joined.set(part, at);
      at += part.length;
    }
    return joined;
  }

  /** At most so many bytes of the first piece. */
  #takeFrom(most: number): Uint8Array {
    const [piece] = this.#pieces;
    if (piece.length > most) this.#pieces[0] = piece.subarray(most);
    else this.#pieces.shift();
    return piece.subarray(0, most);
  }

  /** Reads on, if the guest has credit and little is held. */
  pull(): void {
    if (this.#stream === null || this.#reading || this.#complete) return;
    if (this.#credit <= 0 || this.#heldBytes > LAYOUT.chunkMax) return;
    this.#reading = true;
    this.#reader ??= this.#stream.getReader();
    this.#readAhead(this.#reader);
  }

  /**
   * Without a turn of the event loop between two pieces, until Deno has no more: in each turn in which something is read
   * it takes in all that has come, and what it is left with it moves with each piece. Left with more and more of a body in
   * small chunks, it does nothing else any more.
   */
  #readAhead(reader: ReadableStreamDefaultReader<Uint8Array>): void {
    reader.read().then(({ done, value }) => {
      if (this.#complete) return;
      const isNewTurn = this.#waited;
      this.#waited = false;
      if (done) {
        this.#complete = true;
      } else {
        this.bytesRead += value.length;
        if (this.bytesRead > this.#limit) return this.#onChange("body_too_large");
        this.#heldBytes += value.length;
        if (value.length > 0) this.#small.add(this.#pieces, value);
        this.#piecesRead++;
        if (this.#piecesRead > LIMITS.bodyPieces && this.bytesRead < this.#piecesRead * LIMITS.bodyPieceBytes) {
          return this.#onChange("bad_request");
        }
      }
      const mostBytes = isNewTurn ? LIMITS.bodyAheadBytes : MOST_HELD_BYTES;
      this.#reading = !done && this.#heldBytes < mostBytes;
      if (this.#reading) {
        this.#seeTurn();
        this.#readAhead(reader);
      }
      if (done || value.length > 0) this.#onChange(null);
    }, () => {
      this.#reading = false;
      if (!this.#complete) this.#onChange("canceled");
    });
  }

  #seeTurn(): void {
    if (this.#seesTurn) return;
    this.#seesTurn = true;
    setImmediate(() => {
      this.#seesTurn = false;
      this.#waited = this.#reading;
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
