/** Signatures, ciphers and derivation: each computed by Deno's Web Crypto, with a key that came with the call. */
import { CRYPTO_BOUNDS } from "./bounds.ts";
import { HASHES, type KeyType, readKey } from "./keys.ts";
import * as mac from "./mac.ts";
import type { PartsReader } from "./parts.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const HMAC = "HMAC";
const SIGNERS = ["RSASSA-PKCS1-v1_5", "RSA-PSS", "ECDSA", "Ed25519"] as const;
const CIPHERS = ["AES-GCM", "AES-CBC", "AES-CTR", "AES-KW", "RSA-OAEP"] as const;
const DERIVERS = ["PBKDF2", "HKDF", "ECDH", "X25519", "X448"] as const;
/** Deno's types do not know it. */
const ALL = null as unknown as number;
const NEEDS_NO_HASH_OF_ITS_OWN = "SHA-1";

const secret = (algorithm: AlgorithmIdentifier | HmacImportParams, key: Bytes, usage: KeyUsage): Promise<CryptoKey> =>
  crypto.subtle.importKey("raw", key, algorithm, false, [usage]);

/** A signature's parameters and key. */
async function readSigner(
  parts: PartsReader,
  name: typeof SIGNERS[number],
  type: KeyType,
): Promise<{ algorithm: AlgorithmIdentifier; key: CryptoKey }> {
  switch (name) {
    case "RSA-PSS": {
      const asked = parts.number();
      const key = await readKey(name, type, parts);
      const saltLength = type === "private" ? checkedSalt(asked, key) : Math.min(asked, mostSalt(key) + 1);
      return { algorithm: { name, saltLength } as RsaPssParams, key };
    }
    case "ECDSA": {
      const hash = parts.oneOf(HASHES);
      return { algorithm: { name, hash } as EcdsaParams, key: await readKey(name, type, parts) };
    }
    default:
      return { algorithm: { name }, key: await readKey(name, type, parts) };
  }
}

/** RSA-PSS has as many bytes as the modulus, less the hash and two. No signature has a longer salt. */
function mostSalt(key: CryptoKey): number {
  const { modulusLength, hash } = key.algorithm as RsaHashedKeyAlgorithm;
  return Math.ceil((modulusLength - 1) / 8) - digestBits(hash.name) / 8 - 2;
}

/** Deno makes the salt, gigabytes of it, before it sees that there is no room. */
function checkedSalt(length: number, key: CryptoKey): number {
  const most = mostSalt(key);
  if (length > most) throw new Error(`Cannot sign with a salt of ${length} bytes: ${most} is the most for this key`);
  return length;
}

const readMac = (parts: PartsReader): mac.Mac => ({ hash: parts.oneOf(HASHES), key: parts.bytes() });
const macKey = ({ hash, key }: mac.Mac, usage: KeyUsage) => secret({ name: HMAC, hash }, key, usage);

export async function signing(parts: PartsReader): Promise<Bytes> {
  const name = parts.oneOf([HMAC, ...SIGNERS]);
  const key = name === HMAC ? readMac(parts) : await readSigner(parts, name, "private");
  const data = parts.bytes();
  parts.end();
  if ("algorithm" in key) return new Uint8Array(await crypto.subtle.sign(key.algorithm, key.key, data));
  if (mac.isShort(key, data)) return mac.sign(key, data);
  return new Uint8Array(await crypto.subtle.sign(HMAC, await macKey(key, "sign"), data));
}

export async function verifying(parts: PartsReader): Promise<Bytes> {
  const name = parts.oneOf([HMAC, ...SIGNERS]);
  const key = name === HMAC ? readMac(parts) : await readSigner(parts, name, "public");
  const signature = parts.bytes();
  const data = parts.bytes();
  parts.end();
  return Uint8Array.of(await isTrue(key, signature, data) ? 1 : 0);
}

async function isTrue(
  key: mac.Mac | Awaited<ReturnType<typeof readSigner>>,
  signature: Bytes,
  data: Bytes,
): Promise<boolean> {
  if ("algorithm" in key) return await crypto.subtle.verify(key.algorithm, key.key, signature, data);
  if (mac.isShort(key, data)) return mac.verify(key, signature, data);
  return await crypto.subtle.verify(HMAC, await macKey(key, "verify"), signature, data);
}

type Direction = "encrypt" | "decrypt";

async function readCipher(
  parts: PartsReader,
  name: Exclude<typeof CIPHERS[number], "AES-KW">,
  direction: Direction,
): Promise<{ algorithm: AlgorithmIdentifier; key: CryptoKey }> {
  switch (name) {
    case "AES-GCM": {
      const [iv, additionalData, tagLength] = [parts.bytes(), parts.bytes(), parts.number()];
      const algorithm = { name, iv, additionalData, tagLength } as AesGcmParams;
      return { algorithm, key: await secret(name, parts.bytes(), direction) };
    }
    case "AES-CBC": {
      const algorithm = { name, iv: parts.bytes() } as AesCbcParams;
      return { algorithm, key: await secret(name, parts.bytes(), direction) };
    }
    case "AES-CTR": {
      const [counter, length] = [parts.bytes(), parts.number()];
      const algorithm = { name, counter, length } as AesCtrParams;
      return { algorithm, key: await secret(name, parts.bytes(), direction) };
    }
    case "RSA-OAEP": {
      const algorithm = { name, label: parts.bytes() } as RsaOaepParams;
      return { algorithm, key: await readKey(name, direction === "encrypt" ? "public" : "private", parts) };
    }
  }
}

async function ciphering(parts: PartsReader, direction: Direction): Promise<Bytes> {
  const name = parts.oneOf(CIPHERS);
  if (name === "AES-KW") return await keyWrapping(parts, direction);
  const { algorithm, key } = await readCipher(parts, name, direction);
  const data = parts.bytes();
  parts.end();
  return new Uint8Array(await crypto.subtle[direction](algorithm, key, data));
}

export const encrypting = (parts: PartsReader): Promise<Bytes> => ciphering(parts, "encrypt");
export const decrypting = (parts: PartsReader): Promise<Bytes> => ciphering(parts, "decrypt");

/** AES-KW takes keys, not data: to it this is one for HMAC, which has any length. */
async function keyWrapping(parts: PartsReader, direction: Direction): Promise<Bytes> {
  const usage = direction === "encrypt" ? "wrapKey" : "unwrapKey";
  const wrapping = await secret("AES-KW", parts.bytes(), usage);
  const data = parts.bytes();
  parts.end();
  const carrier = { name: "HMAC", hash: NEEDS_NO_HASH_OF_ITS_OWN } as const;
  if (direction === "encrypt") {
    const key = await crypto.subtle.importKey("raw", data, carrier, true, ["sign"]);
    return new Uint8Array(await crypto.subtle.wrapKey("raw", key, wrapping, "AES-KW"));
  }
  const key = await crypto.subtle.unwrapKey("raw", data, wrapping, "AES-KW", carrier, true, ["sign"]);
  return new Uint8Array(await crypto.subtle.exportKey("raw", key));
}

export async function deriving(parts: PartsReader): Promise<Bytes> {
  const name = parts.oneOf(DERIVERS);
  switch (name) {
    case "PBKDF2": {
      const hash = parts.oneOf(HASHES);
      const [salt, iterations, length] = [parts.bytes(), parts.number(), parts.number()];
      checkIterations(hash, iterations, length);
      return await deriveFromSecret({ name, hash, salt, iterations } as Pbkdf2Params, length, parts);
    }
    case "HKDF": {
      const hash = parts.oneOf(HASHES);
      const [salt, info, length] = [parts.bytes(), parts.bytes(), parts.number()];
      checkLength(length);
      return await deriveFromSecret({ name, hash, salt, info } as HkdfParams, length, parts);
    }
    default: {
      const own = await readKey(name, "private", parts);
      const other = await readKey(name, "public", parts);
      parts.end();
      return new Uint8Array(await crypto.subtle.deriveBits({ name, public: other } as EcdhKeyDeriveParams, own, ALL));
    }
  }
}

async function deriveFromSecret(
  algorithm: Pbkdf2Params | HkdfParams,
  length: number,
  parts: PartsReader,
): Promise<Bytes> {
  const key = await secret(algorithm.name, parts.bytes(), "deriveBits");
  parts.end();
  return new Uint8Array(await crypto.subtle.deriveBits(algorithm, key, length));
}

function checkLength(bits: number): void {
  if (bits > 8 * CRYPTO_BOUNDS.derivedBytes) {
    throw new Error(`Cannot derive ${bits} bits: ${8 * CRYPTO_BOUNDS.derivedBytes} is the most here`);
  }
}

function checkIterations(hash: typeof HASHES[number], iterations: number, bits: number): void {
  checkLength(bits);
  const most = CRYPTO_BOUNDS.iterations;
  if (iterations > most) throw new Error(`Cannot derive with ${iterations} iterations: ${most} is the most here`);
  const all = iterations * Math.ceil(bits / digestBits(hash));
  const mostInAll = CRYPTO_BOUNDS.iterationsInAll;
  if (all > mostInAll) {
    throw new Error(
      `Cannot derive ${bits} bits with ${iterations} iterations: that is ${all} in all, ${mostInAll} is the most`,
    );
  }
}

const digestBits = (hash: string): number => hash === "SHA-1" ? 160 : Number(hash.split("-")[1]);
