import { isBufferSource, viewBytes } from "./binary.ts";
import { domException } from "./dom_exception.ts";
import { native } from "./native.ts";
import { viewTag } from "./primordials.ts";
import { randomUUID } from "./random.ts";

/** What one call may ask for, says the standard. */
const QUOTA_BYTES = 65536;
const FLOATS = ["Float16Array", "Float32Array", "Float64Array"];

export class Crypto {
  getRandomValues<T extends ArrayBufferView>(array: T): T {
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
    return randomUUID();
  }
}

export const crypto = new Crypto();
