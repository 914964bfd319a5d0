/** What a cell tells: struct cell_told of ffi/cell/cell.h. All of it is hostile. */
import { CELL_TOLD, LAYOUT, Telling } from "../../../ffi/layout.ts";
import type { LogLevel } from "../../types.ts";

const HEAD_BYTES = LAYOUT.cellToldBytes;
const MOST_TEXT_BYTES = LAYOUT.cellTextMax;
const LEVELS = ["debug", "info", "warn", "error"] as const satisfies readonly LogLevel[];

export interface CellReply {
  readonly id: number;
  /** 0, or the negative number of an error. */
  readonly error: number;
  readonly sandbox: number;
  readonly generation: number;
  /** Where a program listens. */
  readonly tcpPort: number;
  readonly text: string;
}

export interface TellingsListener {
  reply(reply: CellReply): void;
  /** A line of a program that boots, for the request of that number. */
  log(id: number, level: LogLevel, text: string): void;
  damaged(object: number): void;
}

/** What a cell tells makes no sense. */
export class TellingError extends Error {
  override readonly name = "TellingError";
}

/** Puts tellings together from the bytes of a stream. */
export class Tellings {
  readonly #listener: TellingsListener;
  readonly #bytes = new Uint8Array(HEAD_BYTES + MOST_TEXT_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);
  /** Of the telling that is not complete. */
  #have = 0;
  #wakes = 0;

  constructor(listener: TellingsListener) {
    this.#listener = listener;
  }

  /** Bytes that said no more than that steps are complete. */
  get wakes(): number {
    return this.#wakes;
  }

  /** Throws a TellingError; nothing more can be read then. */
  take(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#have === 0 && bytes[at] === Telling.WAKE) {
        this.#wakes++;
        at++;
        continue;
      }
      const size = Math.min(this.#wanted() - this.#have, bytes.length - at);
      this.#bytes.set(bytes.subarray(at, at + size), this.#have);
      this.#have += size;
      at += size;
      if (this.#have >= HEAD_BYTES && this.#have === this.#wanted()) this.#tell();
    }
  }

  /** How many bytes the telling has, as far as that is known. */
  #wanted(): number {
    if (this.#have < HEAD_BYTES) return HEAD_BYTES;
    const textBytes = this.#view.getUint32(CELL_TOLD.textBytes, true);
    if (textBytes > MOST_TEXT_BYTES) {
      throw new TellingError(`Cannot read what a cell tells: ${textBytes} bytes of text`);
    }
    return HEAD_BYTES + textBytes;
  }

  #tell(): void {
    const view = this.#view;
    const telling = view.getUint8(CELL_TOLD.telling);
    const id = view.getUint32(CELL_TOLD.id, true);
    const text = new TextDecoder().decode(this.#bytes.subarray(HEAD_BYTES, this.#have));
    this.#have = 0;
    switch (telling) {
      case Telling.REPLY:
        return this.#listener.reply({
          id,
          error: view.getInt32(CELL_TOLD.error, true),
          sandbox: view.getUint32(CELL_TOLD.sandbox, true),
          generation: view.getUint32(CELL_TOLD.generation, true),
          tcpPort: view.getUint32(CELL_TOLD.tcpPort, true),
          text,
        });
      case Telling.LOG:
        return this.#listener.log(id, LEVELS[view.getUint8(CELL_TOLD.level)] ?? "info", text);
      case Telling.DAMAGED:
        return this.#listener.damaged(id);
      default:
        throw new TellingError(`Cannot read what a cell tells: there is nothing of kind ${telling}`);
    }
  }
}
