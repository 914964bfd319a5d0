/** Hashes that are computed here, without a call to the host: what hashes synchronously needs them so. */
import { type Bytes, HashAlgorithm, native } from "./native.ts";
import { viewLength } from "./primordials.ts";

export type HashName = keyof typeof HashAlgorithm;

const Uint8ArrayIntrinsic = Uint8Array;

/** `bytes` are read when they are given: what becomes of their buffer later is no matter. */
export class Hash {
  #state: Bytes;

  constructor(name: HashName) {
    this.#state = native.hashNew(HashAlgorithm[name]);
  }

  update(bytes: Bytes): this {
    native.hashUpdate(this.#state, bytes);
    return this;
  }

  /** Of all bytes so far; more may follow. */
  digest(): Bytes {
    return native.hashDigest(this.#state);
  }

  copy(): Hash {
    const copy = new Hash("MD5");
    copy.#state = new Uint8ArrayIntrinsic(this.#state);
    return copy;
  }
}

export const hashOf = (name: HashName, bytes: Bytes): Bytes => new Hash(name).update(bytes).digest();

const SPONGE_WIDTH_BYTES = 200;

/** How many bytes the hash takes at a time. */
export function blockBytes(name: HashName): number {
  const bits = digestBytes(name) * 8;
  if (name === "SHA3-224" || name === "SHA3-256" || name === "SHA3-384" || name === "SHA3-512") {
    return SPONGE_WIDTH_BYTES - bits / 4;
  }
  return bits > 256 ? 128 : 64;
}

const DIGEST_BYTES: Record<HashName, number> = {
  "MD5": 16,
  "SHA-1": 20,
  "SHA-224": 28,
  "SHA-256": 32,
  "SHA-384": 48,
  "SHA-512": 64,
  "SHA3-224": 28,
  "SHA3-256": 32,
  "SHA3-384": 48,
  "SHA3-512": 64,
};

export const digestBytes = (name: HashName): number => DIGEST_BYTES[name];

const INNER = 0x36;
const OUTER = 0x5c;

/** A keyed hash (RFC 2104). */
export class Hmac {
  readonly #inner: Hash;
  readonly #outer: Hash;

  constructor(name: HashName, key: Bytes) {
    const size = blockBytes(name);
    const shortKey = viewLength(key) > size ? hashOf(name, key) : key;
    this.#inner = new Hash(name).update(pad(shortKey, size, INNER));
    this.#outer = new Hash(name).update(pad(shortKey, size, OUTER));
  }

  update(bytes: Bytes): this {
    this.#inner.update(bytes);
    return this;
  }

  digest(): Bytes {
    return this.#outer.copy().update(this.#inner.digest()).digest();
  }
}

function pad(key: Bytes, size: number, value: number): Bytes {
  const padded: Bytes = new Uint8ArrayIntrinsic(size);
  const length = viewLength(key);
  for (let i = 0; i < size; i++) padded[i] = (i < length ? key[i] : 0) ^ value;
  return padded;
}
