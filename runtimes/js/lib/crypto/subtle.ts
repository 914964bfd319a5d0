import "./derivation.ts";
import "./hash.ts";
import { isBufferSource } from "../binary.ts";
import type { Bytes } from "../native.ts";
import { toJson, viewBuffer, viewLength } from "../primordials.ts";
import { exportAes } from "./aes.ts";
import {
  type Exported,
  type KeyFormat,
  normalize,
  type Normalized,
  type OperationName,
  type Pair,
  tryNormalize,
} from "./algorithm.ts";
import { type Answer, text } from "./ask.ts";
import { copyOf, invalidAccess, notSupported, toInteger, toSource } from "./convert.ts";
import { CURVE_KINDS } from "./elliptic.ts";
import { exportHmac } from "./hmac.ts";
import { parseJwk, toJwk } from "./jwk.ts";
import { contains, CryptoKey, hasUsage, isCryptoKey, type KeyData, keyData, type KeyUsage, toUsages } from "./key.ts";
import { exportPairKey } from "./key_pair.ts";
import { RSA_KINDS } from "./rsa.ts";

const Uint8ArrayIntrinsic = Uint8Array;
const FORMATS: readonly KeyFormat[] = ["raw", "spki", "pkcs8", "jwk"];

let making = false;
let check: (self: unknown, given: number, wanted: number) => void;

/** Each of its methods answers with a promise, whatever it is given. */
export class SubtleCrypto {
  #isSubtle = true;

  constructor() {
    if (!making) throw new TypeError("Illegal constructor");
  }

  static {
    check = (self, given, wanted) => {
      if (typeof self !== "object" || self === null || !(#isSubtle in self)) throw new TypeError("Illegal invocation");
      if (given < wanted) throw new TypeError(`Cannot do this with ${given} arguments: it takes ${wanted}`);
    };
  }

  // deno-lint-ignore require-await
  async digest(algorithm: unknown, data: unknown): Promise<ArrayBuffer> {
    check(this, arguments.length, 2);
    const source = toSource(data, "data");
    return viewBuffer(normalize("digest", algorithm).run(copyOf(source)));
  }

  async encrypt(algorithm: unknown, key: unknown, data: unknown): Promise<ArrayBuffer> {
    check(this, arguments.length, 3);
    return await cipher("encrypt", algorithm, key, data);
  }

  async decrypt(algorithm: unknown, key: unknown, data: unknown): Promise<ArrayBuffer> {
    check(this, arguments.length, 3);
    return await cipher("decrypt", algorithm, key, data);
  }

  async sign(algorithm: unknown, key: unknown, data: unknown): Promise<ArrayBuffer> {
    check(this, arguments.length, 3);
    return await cipher("sign", algorithm, key, data);
  }

  async verify(algorithm: unknown, key: unknown, signature: unknown, data: unknown): Promise<boolean> {
    check(this, arguments.length, 4);
    const own = toKey(key);
    const signatureSource = toSource(signature, "a signature");
    const source = toSource(data, "data");
    const operation = normalize("verify", algorithm);
    const signatureBytes = copyOf(signatureSource);
    const bytes = copyOf(source);
    return await operation.run(usable(own, operation, "verify"), signatureBytes, bytes);
  }

  async deriveBits(algorithm: unknown, baseKey: unknown, length: unknown = null): Promise<ArrayBuffer> {
    check(this, arguments.length, 2);
    const own = toKey(baseKey);
    const bits = length === null ? null : toInteger(length, "length", 32);
    const operation = normalize("deriveBits", algorithm);
    return whole(await operation.run(usable(own, operation, "deriveBits"), bits));
  }

  async deriveKey(
    algorithm: unknown,
    baseKey: unknown,
    derivedKeyType: unknown,
    extractable: unknown,
    keyUsages: unknown,
  ): Promise<CryptoKey> {
    check(this, arguments.length, 5);
    const own = toKey(baseKey);
    const usages = toUsages(keyUsages);
    const derivation = normalize("deriveBits", algorithm);
    const importing = normalize("importKey", derivedKeyType);
    const keyLength = normalize("keyLength", derivedKeyType);
    const key = usable(own, derivation, "deriveKey");
    const { bytes } = await derivation.run(key, keyLength.run());
    return await importing.run({ format: "raw", bytes, jwk: null, extractable: !!extractable, usages });
  }

  async generateKey(algorithm: unknown, extractable: unknown, keyUsages: unknown): Promise<CryptoKey | Pair> {
    check(this, arguments.length, 3);
    const usages = toUsages(keyUsages);
    return await normalize("generateKey", algorithm).run({ extractable: !!extractable, usages });
  }

  async importKey(
    format: unknown,
    data: unknown,
    algorithm: unknown,
    extractable: unknown,
    keyUsages: unknown,
  ): Promise<CryptoKey> {
    check(this, arguments.length, 5);
    const kind = toFormat(format);
    const source = isBufferSource(data) ? toSource(data, "key data") : null;
    const jwk = source ? null : toJwk(data);
    const usages = toUsages(keyUsages);
    const operation = normalize("importKey", algorithm);
    if ((kind === "jwk") === (jwk === null)) throw new TypeError(`Cannot import as ${kind} what is no such key`);
    const bytes = source && copyOf(source);
    return await operation.run({ format: kind, bytes, jwk, extractable: !!extractable, usages });
  }

  async exportKey(format: unknown, key: unknown): Promise<ArrayBuffer | object> {
    check(this, arguments.length, 2);
    const exported = await exportKey(toFormat(format), toKey(key));
    return "jwk" in exported ? exported.jwk : ownBuffer(exported.bytes);
  }

  async wrapKey(format: unknown, key: unknown, wrappingKey: unknown, wrapAlgorithm: unknown): Promise<ArrayBuffer> {
    check(this, arguments.length, 4);
    const kind = toFormat(format);
    const wrapped = toKey(key);
    const wrapping = toKey(wrappingKey);
    const operation = tryNormalize("wrapKey", wrapAlgorithm) ?? normalize("encrypt", wrapAlgorithm);
    const usableKey = usable(wrapping, operation, "wrapKey");
    const exported = await exportKey(kind, wrapped);
    return whole(await operation.run(usableKey, "jwk" in exported ? text(toJson(exported.jwk)) : exported.bytes));
  }

  async unwrapKey(
    format: unknown,
    wrappedKey: unknown,
    unwrappingKey: unknown,
    unwrapAlgorithm: unknown,
    unwrappedKeyAlgorithm: unknown,
    extractable: unknown,
    keyUsages: unknown,
  ): Promise<CryptoKey> {
    check(this, arguments.length, 7);
    const kind = toFormat(format);
    const source = toSource(wrappedKey, "a wrapped key");
    const unwrapping = toKey(unwrappingKey);
    const usages = toUsages(keyUsages);
    const operation = tryNormalize("unwrapKey", unwrapAlgorithm) ?? normalize("decrypt", unwrapAlgorithm);
    const importing = normalize("importKey", unwrappedKeyAlgorithm);
    const data = copyOf(source);
    const { bytes } = await operation.run(usable(unwrapping, operation, "unwrapKey"), data);
    const isJwk = kind === "jwk";
    const jwk = isJwk ? parseJwk(bytes) : null;
    return await importing.run({ format: kind, bytes: isJwk ? null : bytes, jwk, extractable: !!extractable, usages });
  }
}

making = true;
export const subtle = new SubtleCrypto();
making = false;

async function cipher(
  name: "encrypt" | "decrypt" | "sign",
  algorithm: unknown,
  key: unknown,
  data: unknown,
): Promise<ArrayBuffer> {
  const own = toKey(key);
  const source = toSource(data, "data");
  const operation = normalize(name, algorithm);
  const bytes = copyOf(source);
  return whole(await operation.run(usable(own, operation, name), bytes));
}

function toKey(value: unknown): KeyData {
  if (!isCryptoKey(value)) throw new TypeError("Cannot take as a key what is no CryptoKey");
  return keyData(value);
}

function toFormat(value: unknown): KeyFormat {
  const format = `${value}` as KeyFormat;
  if (!contains(FORMATS, format)) throw new TypeError(`Cannot take "${format}" as a key's format`);
  return format;
}

function usable(key: KeyData, operation: Normalized<OperationName>, usage: KeyUsage): KeyData {
  if (key.algorithm.name !== operation.name) throw invalidAccess(`Cannot use a key of ${key.algorithm.name} for this`);
  if (!hasUsage(key, usage)) throw invalidAccess(`Cannot use this key: it is not for ${usage}`);
  return key;
}

async function exportKey(format: KeyFormat, key: KeyData): Promise<Exported> {
  const { name } = key.algorithm;
  const kind = RSA_KINDS[name] ?? CURVE_KINDS[name];
  const exportSecret = name === "HMAC" ? exportHmac : name.startsWith("AES") ? exportAes : null;
  if (!kind && !exportSecret) throw notSupported(`Cannot export a key of ${name}`);
  if (!key.extractable) throw invalidAccess("Cannot export this key: it is not extractable");
  return kind ? await exportPairKey(kind, key, format) : exportSecret!(key, format);
}

const whole = ({ bytes }: Answer): ArrayBuffer => ownBuffer(bytes);

/** A buffer with these bytes and no others. */
function ownBuffer(bytes: Bytes): ArrayBuffer {
  const buffer = viewBuffer(bytes);
  return buffer.byteLength === viewLength(bytes) ? buffer : viewBuffer(new Uint8ArrayIntrinsic(bytes));
}
