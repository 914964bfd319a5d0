/** HMAC of short data. Deno's Web Crypto has another thread do it, and to wake that takes longer than to compute it. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { KiB } from "../../limits.ts";
import type { HASHES } from "./keys.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Takes 10 us. */
const MOST_BYTES = 16 * KiB;

export interface Mac {
  readonly hash: typeof HASHES[number];
  readonly key: Bytes;
}

/** Web Crypto refuses a key without bytes. */
export const isShort = ({ key }: Mac, data: Bytes): boolean => key.length > 0 && data.length <= MOST_BYTES;

export function sign({ hash, key }: Mac, data: Bytes): Bytes {
  const name = hash.startsWith("SHA-") ? hash.replace("-", "") : hash;
  return new Uint8Array(createHmac(name.toLowerCase(), key).update(data).digest());
}

export function verify(mac: Mac, signature: Bytes, data: Bytes): boolean {
  const expected = sign(mac, data);
  return signature.length === expected.length && timingSafeEqual(signature, expected);
}
