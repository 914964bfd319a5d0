import { isBufferSource, viewBytes } from "./binary.ts";
import { subtle, type SubtleCrypto } from "./crypto/subtle.ts";
import { domException } from "./dom_exception.ts";
import { native } from "./native.ts";
import { viewTag } from "./primordials.ts";
import { randomUUID } from "./random.ts";

/** What one call may ask for, says the standard. */
const QUOTA_BYTES = 65536;
const FLOATS = ["Float16Array", "Float32Array", "Float64Array"];

let making = false;

export class Crypto {
  #isCrypto = true;

  constructor() {
    if (!making) throw new TypeError("Illegal constructor");
  }

  get subtle(): SubtleCrypto {
    this.#check();
    return subtle;
  }

  getRandomValues<T extends ArrayBufferView>(array: T): T {
    this.#check();
    const tag = viewTag(array);
    if (!isBufferSource(array) || tag === undefined || FLOATS.includes(tag)) {
      throw domException("TypeMismatchError", "Cannot fill with random values what is no array of integers");
    }
    const bytes = viewBytes(array);
    if (bytes.length > QUOTA_BYTES) {
      throw domException("QuotaExceededError", `Cannot fill ${bytes.length} bytes at once: ${QUOTA_BYTES} is the most`);
    }
    native.randomFill(bytes);
    return array;
  }

  randomUUID(): string {
    this.#check();
    return randomUUID();
  }

  #check(): void {
    if (!this.#isCrypto) throw new TypeError("Illegal invocation");
  }
}

making = true;
export const crypto = new Crypto();
making = false;
