/** Pieces below this are put together: what is kept of each beside its bytes is hundreds of bytes, however small it is. */
const SMALL_BYTES = 4096;
const ROOM_BYTES = 4 * SMALL_BYTES;

/** Puts small pieces that wait in a list one after another into one. */
export class SmallPieces {
  /** Of the last piece, if that was put together: what is free behind it. */
  #room = new Uint8Array();

  add<Piece extends Uint8Array>(list: (Piece | Uint8Array<ArrayBuffer>)[], piece: Piece): void {
    const last = list.at(-1);
    if (piece.length >= SMALL_BYTES || last === undefined) {
      list.push(piece);
    } else if (this.#isBehind(last) && piece.length <= this.#room.length) {
      list[list.length - 1] = this.#extend(last.byteOffset, last.length, piece);
    } else if (last.length < SMALL_BYTES) {
      this.#room = new Uint8Array(ROOM_BYTES);
      this.#room.set(last);
      this.#room = this.#room.subarray(last.length);
      list[list.length - 1] = this.#extend(0, last.length, piece);
    } else {
      list.push(piece);
    }
  }

  #isBehind({ buffer, byteOffset, length }: Uint8Array): boolean {
    return buffer === this.#room.buffer && byteOffset + length === this.#room.byteOffset;
  }

  #extend(start: number, length: number, piece: Uint8Array): Uint8Array<ArrayBuffer> {
    const { buffer } = this.#room;
    this.#room.set(piece);
    this.#room = this.#room.subarray(piece.length);
    return new Uint8Array(buffer, start, length + piece.length);
  }
}
