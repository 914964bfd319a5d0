/** Keys on their way between their formats. Each comes with the call and goes with it. */
import { CRYPTO_BOUNDS } from "./bounds.ts";
import { numberPart, packParts, type PartsReader, textPart } from "./parts.ts";

type Bytes = Uint8Array<ArrayBuffer>;
export type KeyType = "public" | "private";

export const HASHES = ["SHA-1", "SHA-256", "SHA-384", "SHA-512", "SHA3-256", "SHA3-384", "SHA3-512"] as const;
const CURVES = ["P-256", "P-384", "P-521"] as const;
const TYPES = ["public", "private"] as const;
const FORMATS = ["spki", "pkcs8", "raw", "jwk"] as const;
/** The form in which a key of this type is carried. */
const DER = { public: "spki", private: "pkcs8" } as const;

interface Kind {
  readonly detail: "hash" | "namedCurve" | null;
  readonly usages: Readonly<Record<KeyType, readonly KeyUsage[]>>;
}

const SIGNING = { public: ["verify"], private: ["sign"] } as const;
const ENCRYPTING = { public: ["encrypt"], private: ["decrypt"] } as const;
const AGREEING = { public: [], private: ["deriveBits"] } as const;

const KINDS = {
  "RSASSA-PKCS1-v1_5": { detail: "hash", usages: SIGNING },
  "RSA-PSS": { detail: "hash", usages: SIGNING },
  "RSA-OAEP": { detail: "hash", usages: ENCRYPTING },
  "ECDSA": { detail: "namedCurve", usages: SIGNING },
  "ECDH": { detail: "namedCurve", usages: AGREEING },
  "Ed25519": { detail: null, usages: SIGNING },
  "X25519": { detail: null, usages: AGREEING },
  "X448": { detail: null, usages: AGREEING },
} as const satisfies Record<string, Kind>;

type KeyName = keyof typeof KINDS;
const NAMES = Object.keys(KINDS) as KeyName[];

/** Its name, as the first part has it, and what its keys are of. */
interface KeyAlgorithm {
  readonly name: KeyName;
  readonly hash?: string;
  readonly namedCurve?: string;
}

function readDetail(name: KeyName, parts: PartsReader): KeyAlgorithm {
  switch (KINDS[name].detail) {
    case "hash":
      return { name, hash: parts.oneOf(HASHES) };
    case "namedCurve":
      return { name, namedCurve: parts.oneOf(CURVES) };
    case null:
      parts.oneOf([""]);
      return { name };
  }
}

/** The key that a signature or the like is computed with. */
export async function readKey(name: KeyName, type: KeyType, parts: PartsReader): Promise<CryptoKey> {
  const algorithm = readDetail(name, parts);
  return await importKey(algorithm, type, DER[type], parts.bytes());
}

async function importKey(
  algorithm: KeyAlgorithm,
  type: KeyType,
  format: typeof FORMATS[number],
  data: Bytes,
): Promise<CryptoKey> {
  if (data.length > CRYPTO_BOUNDS.keyBytes) {
    throw new Error(`Cannot import a key of ${data.length} bytes: ${CRYPTO_BOUNDS.keyBytes} is the most`);
  }
  const usages = [...KINDS[algorithm.name].usages[type]];
  const key = format === "jwk"
    ? await crypto.subtle.importKey("jwk", JSON.parse(new TextDecoder().decode(data)), algorithm, true, usages)
    : await crypto.subtle.importKey(format, data, algorithm, true, usages);
  if (key.type !== type) throw new Error(`Cannot import the key: it is a ${key.type} one`);
  const { modulusLength } = key.algorithm as Partial<RsaKeyAlgorithm>;
  if (modulusLength !== undefined) checkModulus(modulusLength);
  return key;
}

function checkModulus(bits: number): void {
  const { least, most } = CRYPTO_BOUNDS.modulusBits;
  if (bits > most) throw new Error(`Cannot use an RSA key of ${bits} bits: ${most} is the most here`);
  if (bits < least) throw new Error(`Cannot use an RSA key of ${bits} bits: ${least} is the least here`);
}

const derOf = async (key: CryptoKey): Promise<Bytes> =>
  new Uint8Array(await crypto.subtle.exportKey(DER[key.type as KeyType], key));

export async function importing(parts: PartsReader): Promise<Bytes> {
  const algorithm = readDetail(parts.oneOf(NAMES), parts);
  const key = await importKey(algorithm, parts.oneOf(TYPES), parts.oneOf(FORMATS), parts.bytes());
  parts.end();
  const { modulusLength = 0, publicExponent } = key.algorithm as Partial<RsaKeyAlgorithm>;
  return packParts([
    await derOf(key),
    numberPart(modulusLength),
    new Uint8Array(publicExponent ?? []),
  ]);
}

export async function exporting(parts: PartsReader): Promise<Bytes> {
  const algorithm = readDetail(parts.oneOf(NAMES), parts);
  const type = parts.oneOf(TYPES);
  const format = parts.oneOf(FORMATS);
  const key = await importKey(algorithm, type, DER[type], parts.bytes());
  parts.end();
  if (format === "jwk") return textPart(JSON.stringify(await crypto.subtle.exportKey("jwk", key)));
  return new Uint8Array(await crypto.subtle.exportKey(format, key));
}

export async function generating(parts: PartsReader): Promise<Bytes> {
  const algorithm = readDetail(parts.oneOf(NAMES), parts);
  const modulusLength = parts.number();
  const publicExponent = parts.bytes();
  parts.end();
  if (algorithm.hash !== undefined) {
    checkModulus(modulusLength);
    if (!CRYPTO_BOUNDS.exponents.includes(bigEndian(publicExponent))) {
      throw new Error(
        `Cannot generate an RSA key with this exponent: ${CRYPTO_BOUNDS.exponents.join(" or ")} is possible`,
      );
    }
  }
  const { usages } = KINDS[algorithm.name];
  const parameters = { ...algorithm, modulusLength, publicExponent };
  const pair = await crypto.subtle.generateKey(parameters, true, [
    ...usages.public,
    ...usages.private,
  ]) as CryptoKeyPair;
  return packParts([await derOf(pair.privateKey), await derOf(pair.publicKey)]);
}

const bigEndian = (bytes: Bytes): number => bytes.reduce((value, byte) => value * 256 + byte, 0);
