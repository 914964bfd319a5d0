/** node:crypto's KeyObject, of secrets: other keys are webcrypto's. */
import { type Bytes } from "../native.ts";
import { bufferClass, bytesOf, type Data } from "./hash.ts";

export class KeyObject {
  readonly type = "secret";
  readonly #secret: Bytes;

  constructor(secret: Bytes) {
    this.#secret = secret;
  }

  get symmetricKeySize(): number {
    return this.#secret.length;
  }

  /** A copy: the key stays as it is. */
  export(): Bytes {
    return bufferClass().from(this.#secret);
  }
}

export const createSecretKey = (secret: Data, encoding?: string): KeyObject =>
  new KeyObject(bytesOf(secret, encoding).slice());
