const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** Lines and counted bytes from a connection; everything throws when it ends too early. */
export class ByteReader {
  readonly #source: { read(into: Uint8Array): Promise<number | null> };
  #held = new Uint8Array(0);

  constructor(source: { read(into: Uint8Array): Promise<number | null> }) {
    this.#source = source;
  }

  /** Without its end of line. */
  async line(): Promise<Uint8Array> {
    let from = 0;
    for (;;) {
      const end = this.#held.indexOf(LINE_FEED, from);
      if (end >= 0) {
        const line = this.#held.subarray(0, this.#held[end - 1] === CARRIAGE_RETURN ? end - 1 : end);
        this.#held = this.#held.subarray(end + 1);
        return line;
      }
      from = this.#held.length;
      await this.#more();
    }
  }

  /** Exactly so many bytes. */
  async take(length: number): Promise<Uint8Array> {
    while (this.#held.length < length) await this.#more();
    const bytes = this.#held.slice(0, length);
    this.#held = this.#held.subarray(length);
    return bytes;
  }

  /** At least one byte, and at most so many. */
  async some(atMost: number): Promise<Uint8Array> {
    if (this.#held.length === 0) await this.#more();
    return await this.take(Math.min(atMost, this.#held.length));
  }

  async #more(): Promise<void> {
    const buffer = new Uint8Array(65_536);
    const count = await this.#source.read(buffer);
    if (count === null) throw new Error("Cannot read on: the connection has ended");
    const joined = new Uint8Array(this.#held.length + count);
    joined.set(this.#held);
    joined.set(buffer.subarray(0, count), this.#held.length);
    this.#held = joined;
  }
}
