/** Keys that are bytes: of AES and HMAC. They are made and changed here; only what is computed with them is the host's. */
import { type Bytes, native } from "../native.ts";
import { viewLength } from "../primordials.ts";
import type { Exported, ImportRequest, Jwk, KeyFormat } from "./algorithm.ts";
import { notSupported, syntaxError } from "./convert.ts";
import { checkJwk, decodeBase64Url, encodeBase64Url } from "./jwk.ts";
import { contains, type CryptoKey, type KeyAlgorithm, type KeyData, type KeyUsage, makeKey } from "./key.ts";

const Uint8ArrayIntrinsic = Uint8Array;

export function checkUsages(usages: readonly KeyUsage[], allowed: readonly KeyUsage[]): void {
  for (let i = 0; i < usages.length; i++) {
    if (!contains(allowed, usages[i])) throw syntaxError(`Cannot use such a key for ${usages[i]}`);
  }
}

export function randomSecret(bits: number): Bytes {
  const bytes: Bytes = new Uint8ArrayIntrinsic((bits + 7) >> 3);
  native.randomFill(bytes);
  return bytes;
}

/** The secret that is imported; `algorithmName` is what its JSON Web Key must be for, if it says so. */
export function readSecret(
  request: ImportRequest,
  use: string,
  checkAlgorithm: (jwk: Jwk, bytes: Bytes) => void,
): Bytes {
  if (request.format === "raw") return request.bytes!;
  if (request.format !== "jwk") throw notSupported(`Cannot import such a key as ${request.format}`);
  const jwk = checkJwk(request, "oct", use);
  const bytes = decodeBase64Url(jwk.k);
  checkAlgorithm(jwk, bytes);
  return bytes;
}

export function makeSecret(
  algorithm: KeyAlgorithm,
  bytes: Bytes,
  { extractable, usages }: { extractable: boolean; usages: readonly KeyUsage[] },
): CryptoKey {
  if (usages.length === 0) throw syntaxError("Cannot make a key without usages");
  return makeKey({ type: "secret", extractable, algorithm, usages, bytes });
}

export function exportSecret(key: KeyData, format: KeyFormat, algorithmName: string): Exported {
  if (format === "raw") return { bytes: new Uint8ArrayIntrinsic(key.bytes) };
  if (format !== "jwk") throw notSupported(`Cannot export such a key as ${format}`);
  const { extractable: ext, usages } = key;
  return { jwk: { kty: "oct", alg: algorithmName, k: encodeBase64Url(key.bytes), key_ops: [...usages], ext } };
}

export const bitsOf = (bytes: Bytes): number => viewLength(bytes) * 8;
