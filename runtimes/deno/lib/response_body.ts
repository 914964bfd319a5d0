/** The body of the response: as far as the server takes it. */
import { FrameType, LAYOUT } from "../../../ffi/layout.ts";
import { brief } from "./error_text.ts";
import { output } from "./output.ts";

type Bytes = Uint8Array<ArrayBuffer>;

export class ResponseBody {
  #credit: number = LAYOUT.initialCredit;
  #hasRoom: (() => void) | null = null;
  #reader: ReadableStreamDefaultReader<Bytes> | null = null;

  grant(bytes: number): void {
    this.#credit += bytes;
    this.#hasRoom?.();
  }

  /** Whether all of it is written: what is small goes without waiting. */
  writeAtOnce(bytes: Uint8Array): boolean {
    if (bytes.length > this.#credit) return false;
    this.#chunks(bytes);
    return true;
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      while (this.#credit === 0) {
        output.flush();
        await new Promise<void>((resolve) => this.#hasRoom = resolve);
      }
      const part = bytes.subarray(at, at + this.#credit);
      this.#chunks(part);
      at += part.length;
    }
  }

  async pipe(stream: ReadableStream<Bytes>): Promise<void> {
    const reader = this.#reader = stream.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      if (!(value as unknown instanceof Uint8Array)) {
        throw new TypeError(`Cannot send a chunk of the response: it is no Uint8Array but ${brief(value)}`);
      }
      await this.write(value);
      output.flushSoon();
    }
  }

  cancel(reason: unknown): void {
    this.#reader?.cancel(reason).catch(() => {});
    this.#hasRoom?.();
  }

  #chunks(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += LAYOUT.chunkMax) {
      output.frame(FrameType.CHUNK, 0, bytes.subarray(at, at + LAYOUT.chunkMax));
    }
    this.#credit -= bytes.length;
  }
}
