import { Duplex } from "node:stream";
import { MOST_CALL_BYTES } from "../operations.ts";

type Callback = (error?: Error | null) => void;

const NOTHING = new Uint8Array(0);

/**
 * One connection of a guest's, as the proxy sees it. What the guest writes is taken when the proxy wants more; what the
 * proxy writes waits until the guest reads it.
 */
export class GuestConnection extends Duplex {
  #taken: PromiseWithResolvers<void> | null = null;
  #reading: PromiseWithResolvers<Uint8Array> | null = null;
  #written: { bytes: Uint8Array; done: Callback } | null = null;
  #guestEnded = false;
  #proxyEnded = false;

  constructor() {
    super({ readableHighWaterMark: MOST_CALL_BYTES, writableHighWaterMark: MOST_CALL_BYTES });
    // Whoever holds it hears of its end by `close`.
    this.on("error", () => {});
  }

  /** The guest wrote these, or nothing at its end. Resolves when there is room for more. */
  async fromGuest(bytes: Uint8Array): Promise<void> {
    if (this.#taken) throw new Error("Cannot write to the proxy: the write before it has not been taken");
    if (this.destroyed) throw new Error("Cannot write to the proxy: the connection is closed");
    if (this.#guestEnded) return;
    this.#guestEnded = bytes.length === 0;
    if (this.push(bytes.length === 0 ? null : bytes.slice()) || this.#guestEnded) return;
    this.#taken = Promise.withResolvers();
    await this.#taken.promise;
  }

  /** The next bytes for the guest; none at the end. */
  async toGuest(): Promise<Uint8Array> {
    if (this.#reading) throw new Error("Cannot read from the proxy: the read before it is not answered");
    if (this.#written) return this.#part();
    if (this.#proxyEnded || this.destroyed) return NOTHING;
    this.#reading = Promise.withResolvers();
    return await this.#reading.promise;
  }

  override _read(): void {
    this.#taken?.resolve();
    this.#taken = null;
  }

  override _write(bytes: Uint8Array, _encoding: string, done: Callback): void {
    if (bytes.length === 0) return done();
    this.#written = { bytes, done };
    if (this.#reading) this.#answer(this.#part());
  }

  override _final(done: Callback): void {
    this.#proxyEnded = true;
    this.#answer(NOTHING);
    done();
  }

  override _destroy(error: Error | null, done: Callback): void {
    this.#written = null;
    this.#answer(NOTHING);
    this._read();
    done(error);
  }

  #answer(bytes: Uint8Array): void {
    this.#reading?.resolve(bytes);
    this.#reading = null;
  }

  #part(): Uint8Array {
    const { bytes, done } = this.#written!;
    const part = bytes.subarray(0, MOST_CALL_BYTES);
    this.#written = part.length < bytes.length ? { bytes: bytes.subarray(part.length), done } : null;
    if (!this.#written) done();
    return part;
  }
}
