/** Arguments and answers that are too long for one call, while they are carried in pieces. */
import type { ByteBudget } from "./budget.ts";
import { CRYPTO_BOUNDS } from "./bounds.ts";
import { MOST_CALL_BYTES } from "../operations.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const WORD = 4;
const PIECE_BYTES = MOST_CALL_BYTES - WORD;
const MOST_TRANSFERS = 1024;
/** Each costs something, however short it is. */
const MOST_PIECES = 2048;

interface Upload {
  readonly pieces: Bytes[];
  length: number;
}

/** A sandbox numbers its own. */
export class Transfers {
  readonly #budget: ByteBudget;
  readonly #uploads = new Map<number, Upload>();
  readonly #downloads = new Map<number, Bytes>();

  constructor(budget: ByteBudget) {
    this.#budget = budget;
  }

  upload(argument: Bytes): void {
    const id = wordAt(argument, 0);
    const piece = argument.slice(WORD);
    const upload = this.#uploads.get(id) ?? this.#begin(id);
    if (piece.length > CRYPTO_BOUNDS.dataBytes - upload.length || upload.pieces.length >= MOST_PIECES) {
      throw new Error(`Cannot compute with so much data: ${CRYPTO_BOUNDS.dataBytes} bytes are the most`);
    }
    this.#budget.hold(piece.length);
    upload.pieces.push(piece);
    upload.length += piece.length;
  }

  #begin(id: number): Upload {
    if (this.#uploads.size + this.#downloads.size >= MOST_TRANSFERS) {
      throw new Error("Cannot take more data: too many calls are under way");
    }
    const upload: Upload = { pieces: [], length: 0 };
    this.#uploads.set(id, upload);
    return upload;
  }

  /** What was uploaded is the caller's from now on, and no longer counted. */
  take(id: number): Upload {
    const upload = this.#uploads.get(id);
    if (!upload) throw new Error("Cannot compute: nothing was uploaded for this call");
    this.#uploads.delete(id);
    this.#budget.release(upload.length);
    return upload;
  }

  /** The answer's length and its first piece; the rest waits to be fetched. */
  offer(id: number, answer: Bytes): Bytes {
    const start = answer.subarray(0, PIECE_BYTES);
    const head = new Uint8Array(WORD + start.length);
    new DataView(head.buffer).setUint32(0, answer.length, true);
    head.set(start, WORD);
    this.#keep(id, answer.subarray(start.length));
    return head;
  }

  download(argument: Bytes): Bytes {
    const id = wordAt(argument, 0);
    const rest = this.#downloads.get(id);
    if (!rest) throw new Error("Cannot fetch an answer: there is none");
    this.#downloads.delete(id);
    const piece = rest.subarray(0, PIECE_BYTES);
    this.#budget.release(rest.length);
    this.#keep(id, rest.subarray(piece.length));
    return piece;
  }

  #keep(id: number, rest: Bytes): void {
    if (rest.length === 0) return;
    if (this.#downloads.has(id)) throw new Error("Cannot keep an answer: another one has its number");
    this.#budget.hold(rest.length);
    this.#downloads.set(id, rest);
  }

  close(): void {
    for (const { length } of this.#uploads.values()) this.#budget.release(length);
    for (const { length } of this.#downloads.values()) this.#budget.release(length);
    this.#uploads.clear();
    this.#downloads.clear();
  }
}

export function wordAt(argument: Bytes, at: number): number {
  if (argument.length < at + WORD) throw new Error("Cannot compute: the call is cut short");
  return new DataView(argument.buffer, argument.byteOffset).getUint32(at, true);
}
