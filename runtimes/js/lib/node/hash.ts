/** node:crypto's `Hash` and `Hmac`, over the engine's hashing. */
import { type Bytes, HashAlgorithm, native } from "../native.ts";
import { builtin } from "./modules.ts";

interface NodeBuffer extends Bytes {
  toString(encoding?: string): string;
}
interface BufferClass {
  from(data: unknown, encoding?: string): NodeBuffer;
}

export type Data = string | ArrayBufferView | ArrayBuffer;

export const bufferClass = (): BufferClass => (builtin("buffer") as { Buffer: BufferClass }).Buffer;

export function bytesOf(data: unknown, encoding?: string): Bytes {
  if (typeof data === "string") return bufferClass().from(data, encoding);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  throw Object.assign(new TypeError("Cannot hash it: a text or bytes are expected"), { code: "ERR_INVALID_ARG_TYPE" });
}

/** As text where an encoding is named. */
export function encoded(bytes: Bytes, encoding?: string): NodeBuffer | string {
  const buffer = bufferClass().from(bytes.buffer);
  return encoding === undefined || encoding === "buffer" ? buffer : buffer.toString(encoding);
}

const NAMES: Readonly<Record<string, keyof typeof HashAlgorithm>> = {
  "md5": "MD5",
  "sha1": "SHA-1",
  "sha224": "SHA-224",
  "sha256": "SHA-256",
  "sha384": "SHA-384",
  "sha512": "SHA-512",
  "sha3-224": "SHA3-224",
  "sha3-256": "SHA3-256",
  "sha3-384": "SHA3-384",
  "sha3-512": "SHA3-512",
};

export const getHashes = (): string[] => Object.keys(NAMES);

function algorithmOf(name: string): keyof typeof HashAlgorithm {
  const plain = `${name}`.toLowerCase().replace(/^rsa-/, "").replace(/^sha-(?=\d)/, "sha");
  if (Object.hasOwn(NAMES, plain)) return NAMES[plain];
  throw Object.assign(new Error(`Cannot hash by ${name}: it is none of ${getHashes().join(", ")}`), {
    code: "ERR_OSSL_EVP_UNSUPPORTED",
  });
}

const isEnded = (): Error => Object.assign(new Error("Digest already called"), { code: "ERR_CRYPTO_HASH_FINALIZED" });

export class Hash {
  #state: Bytes | null;

  constructor(algorithm: string | Bytes) {
    this.#state = typeof algorithm === "string" ? native.hashNew(HashAlgorithm[algorithmOf(algorithm)]) : algorithm;
  }

  update(data: Data, encoding?: string): this {
    if (this.#state === null) throw isEnded();
    native.hashUpdate(this.#state, bytesOf(data, encoding));
    return this;
  }

  digest(encoding?: string): NodeBuffer | string {
    if (this.#state === null) throw isEnded();
    const digest = native.hashDigest(this.#state);
    this.#state = null;
    return encoded(digest, encoding);
  }

  copy(): Hash {
    if (this.#state === null) throw isEnded();
    return new Hash(this.#state.slice());
  }
}

/** RFC 2104. SHA-3 has blocks of its own. */
const BLOCK_BYTES: Readonly<Record<keyof typeof HashAlgorithm, number>> = {
  "MD5": 64,
  "SHA-1": 64,
  "SHA-224": 64,
  "SHA-256": 64,
  "SHA-384": 128,
  "SHA-512": 128,
  "SHA3-224": 144,
  "SHA3-256": 136,
  "SHA3-384": 104,
  "SHA3-512": 72,
};
const INNER = 0x36;
const OUTER = 0x5c;

export class Hmac {
  readonly #inner: Hash;
  readonly #outer: Hash;
  #ended = false;

  constructor(algorithm: string, secret: Bytes) {
    const key = new Uint8Array(BLOCK_BYTES[algorithmOf(algorithm)]);
    key.set(secret.length > key.length ? new Hash(algorithm).update(secret).digest() as Bytes : secret);
    this.#inner = new Hash(algorithm).update(key.map((byte) => byte ^ INNER));
    this.#outer = new Hash(algorithm).update(key.map((byte) => byte ^ OUTER));
  }

  update(data: Data, encoding?: string): this {
    if (this.#ended) throw isEnded();
    this.#inner.update(data, encoding);
    return this;
  }

  digest(encoding?: string): NodeBuffer | string {
    if (this.#ended) return encoded(new Uint8Array(0), encoding);
    this.#ended = true;
    return this.#outer.update(this.#inner.digest() as Bytes).digest(encoding);
  }
}
