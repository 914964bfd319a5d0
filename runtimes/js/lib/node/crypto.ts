/** node:crypto: hashing and randomness at once, all else by `webcrypto`, which waits for the host. */
import { crypto } from "../crypto.ts";
import { type Bytes, native } from "../native.ts";
import { randomUUID } from "../random.ts";
import { bufferClass, bytesOf, type Data, encoded, getHashes, Hash, Hmac } from "./hash.ts";
import { createSecretKey, KeyObject } from "./secret_key.ts";

type Callback<T> = (error: Error | null, value: T) => void;

export const createHash = (algorithm: string): Hash => new Hash(algorithm);
export const hash = (algorithm: string, data: Data, encoding = "hex"): unknown =>
  new Hash(algorithm).update(data).digest(encoding);
export const createHmac = (algorithm: string, key: Data | KeyObject): Hmac =>
  new Hmac(algorithm, key instanceof KeyObject ? key.export() : bytesOf(key));

export function randomBytes(length: number, callback?: Callback<Bytes>): Bytes | void {
  const bytes = new Uint8Array(length);
  native.randomFill(bytes);
  const buffer = bufferClass().from(bytes.buffer);
  if (callback === undefined) return buffer;
  queueMicrotask(() => callback(null, buffer));
}

export function randomFillSync<T extends ArrayBufferView>(target: T): T {
  native.randomFill(bytesOf(target));
  return target;
}

const RANDOM_BYTES = 6;
const RANDOM_VALUES = 256 ** RANDOM_BYTES;

/** From `least` up to, but without, `end`; each as often as the others. */
export function randomInt(...args: (number | Callback<number>)[]): number | void {
  const [first, second] = args.filter((arg) => typeof arg === "number");
  const callback = args.find((arg) => typeof arg === "function");
  const [from, to] = second === undefined ? [0, first] : [first, second];
  const range = to - from;
  if (!Number.isSafeInteger(range) || range <= 0 || range > RANDOM_VALUES) {
    throw new RangeError(`Cannot choose a number from ${from} to ${to}: that is no range of at most 2^48`);
  }
  const bytes = new Uint8Array(RANDOM_BYTES);
  let value = RANDOM_VALUES;
  while (value >= RANDOM_VALUES - RANDOM_VALUES % range) {
    native.randomFill(bytes);
    value = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  }
  if (callback === undefined) return from + value % range;
  queueMicrotask(() => callback(null, from + value % range));
}

export function timingSafeEqual(a: Data, b: Data): boolean {
  const [left, right] = [bytesOf(a), bytesOf(b)];
  if (left.length !== right.length) throw new RangeError("Cannot compare: both must have the same length");
  let difference = 0;
  for (let i = 0; i < left.length; i++) difference |= left[i] ^ right[i];
  return difference === 0;
}

/** By the host, so that it cannot be synchronous. */
export function pbkdf2(
  password: Data,
  salt: Data,
  iterations: number,
  length: number,
  digest: string,
  callback: Callback<unknown>,
): void {
  const hash = `SHA-${/(\d+)$/.exec(digest)?.[1]}`;
  const derive = async () => {
    const { subtle } = crypto as unknown as Crypto;
    const key = await subtle.importKey("raw", bytesOf(password), "PBKDF2", false, ["deriveBits"]);
    return await subtle.deriveBits({ name: "PBKDF2", hash, salt: bytesOf(salt), iterations }, key, length * 8);
  };
  derive().then((bits) => callback(null, encoded(new Uint8Array(bits))), (error) => callback(error, undefined));
}

const refuse = (name: string) => (): never => {
  throw new Error(`Cannot use crypto.${name}: the Wasm tier has crypto.subtle for it, which waits for the host`);
};

const REFUSED = [
  ...["createCipheriv", "createDecipheriv", "createDiffieHellman", "createECDH", "createPrivateKey"],
  ...["createPublicKey", "createSign", "createVerify", "diffieHellman", "generateKeyPair", "generateKeyPairSync"],
  ...["hkdf", "hkdfSync", "pbkdf2Sync", "privateDecrypt", "publicEncrypt", "scrypt", "scryptSync", "sign", "verify"],
];

const { subtle } = crypto as unknown as Crypto;

export default {
  ...Object.fromEntries(REFUSED.map((name) => [name, refuse(name)])),
  createHash,
  createHmac,
  createSecretKey,
  getCiphers: (): string[] => [],
  getCurves: (): string[] => [],
  getHashes,
  getRandomValues: <T extends ArrayBufferView>(array: T): T => crypto.getRandomValues(array),
  Hash,
  hash,
  Hmac,
  KeyObject,
  pbkdf2,
  randomBytes,
  randomFillSync,
  randomInt,
  randomUUID,
  subtle,
  timingSafeEqual,
  webcrypto: crypto,
};
