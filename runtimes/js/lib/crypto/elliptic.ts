/** Keys on curves: ECDSA and ECDH on those of NIST, Ed25519, X25519 and X448. */
import { define, NO_PARAMETERS, readHash } from "./algorithm.ts";
import { Answer, ask, nameText, Operation, part } from "./ask.ts";
import {
  dataError,
  invalidAccess,
  notSupported,
  operationError,
  type Options,
  required,
  requiredText,
} from "./convert.ts";
import { contains, isCryptoKey, type KeyData, keyData } from "./key.ts";
import { checkType, detailPart, generatePair, importPairKey, type PairKind } from "./key_pair.ts";
import type { Bytes } from "../native.ts";
import { viewLength } from "../primordials.ts";

const CURVES = ["P-256", "P-384", "P-521"];
const SIGNING = { use: "sig", publicUsages: ["verify"], privateUsages: ["sign"] } as const;
const AGREEING = { use: "enc", publicUsages: [], privateUsages: ["deriveKey", "deriveBits"] } as const;
const JWK_NAMES: Record<string, string> = { "P-256": "ES256", "P-384": "ES384", "P-521": "ES512" };

const nistKind = (usages: typeof SIGNING | typeof AGREEING): PairKind => ({
  kty: "EC",
  ...usages,
  hasRaw: true,
  members: ["crv", "x", "y", "d"],
  checkJwk({ crv, alg }, { name, namedCurve }) {
    if (crv !== namedCurve) throw dataError(`Cannot import the key: its crv is not ${namedCurve}`);
    if (name === "ECDSA" && alg !== undefined && alg !== JWK_NAMES[namedCurve!]) {
      throw dataError(`Cannot import the key: its alg is not ${JWK_NAMES[namedCurve!]}`);
    }
  },
});

const edwardsKind = (curve: string, usages: typeof SIGNING | typeof AGREEING): PairKind => ({
  kty: "OKP",
  ...usages,
  hasRaw: true,
  members: ["crv", "x", "d"],
  checkJwk({ crv, alg }) {
    if (crv !== curve) throw dataError(`Cannot import the key: its crv is not ${curve}`);
    if (curve === "Ed25519" && alg !== undefined && alg !== "EdDSA" && alg !== "Ed25519") {
      throw dataError("Cannot import the key: its alg is not Ed25519");
    }
  },
});

const NIST: Record<string, PairKind> = { ECDSA: nistKind(SIGNING), ECDH: nistKind(AGREEING) };
const EDWARDS: Record<string, PairKind> = {
  Ed25519: edwardsKind("Ed25519", SIGNING),
  X25519: edwardsKind("X25519", AGREEING),
  X448: edwardsKind("X448", AGREEING),
};
export const CURVE_KINDS: Record<string, PairKind> = { ...NIST, ...EDWARDS };

const readCurve = (options: Options): string => requiredText(options, "namedCurve");

function checkCurve(namedCurve: string): string {
  if (!contains(CURVES, namedCurve)) throw notSupported(`Cannot use the curve ${namedCurve}`);
  return namedCurve;
}

for (const [name, kind] of Object.entries(NIST)) {
  define(
    "generateKey",
    name,
    readCurve,
    async (namedCurve, request) => await generatePair(kind, { name, namedCurve: checkCurve(namedCurve) }, request),
  );
  define(
    "importKey",
    name,
    readCurve,
    async (namedCurve, request) => await importPairKey(kind, { name, namedCurve: checkCurve(namedCurve) }, request),
  );
}
for (const [name, kind] of Object.entries(EDWARDS)) {
  define("generateKey", name, NO_PARAMETERS, (_, request) => generatePair(kind, { name }, request));
  define("importKey", name, NO_PARAMETERS, (_, request) => importPairKey(kind, { name }, request));
}

define("sign", "ECDSA", readHash, async (hash, key, data) => {
  checkType(key, "private");
  return await ask(Operation.SIGN, [nameText("ECDSA"), nameText(hash), detailPart(key.algorithm), key.bytes, data]);
});
define("verify", "ECDSA", readHash, async (hash, key, signature, data) => {
  checkType(key, "public");
  return (await ask(Operation.VERIFY, [
    nameText("ECDSA"),
    nameText(hash),
    detailPart(key.algorithm),
    key.bytes,
    signature,
    data,
  ])).bytes[0] === 1;
});
define("sign", "Ed25519", NO_PARAMETERS, async (_, key, data) => {
  checkType(key, "private");
  return await ask(Operation.SIGN, [nameText("Ed25519"), detailPart(key.algorithm), key.bytes, data]);
});
define("verify", "Ed25519", NO_PARAMETERS, async (_, key, signature, data) => {
  checkType(key, "public");
  return (await ask(Operation.VERIFY, [nameText("Ed25519"), detailPart(key.algorithm), key.bytes, signature, data]))
    .bytes[0] === 1;
});

function readPublic(options: Options): KeyData {
  const key = required(options, "public");
  if (!isCryptoKey(key)) throw new TypeError('Cannot derive with a "public" that is no CryptoKey');
  return keyData(key);
}

for (const name of ["ECDH", "X25519", "X448"]) {
  define("deriveBits", name, readPublic, async (other, key, length) => {
    checkType(key, "private");
    checkType(other, "public");
    const { algorithm } = other;
    if (algorithm.name !== key.algorithm.name || algorithm.namedCurve !== key.algorithm.namedCurve) {
      throw invalidAccess("Cannot derive from two keys of different kinds");
    }
    const answer = await ask(Operation.DERIVE, [
      nameText(name),
      detailPart(key.algorithm),
      key.bytes,
      detailPart(other.algorithm),
      other.bytes,
    ]);
    return new Answer(firstBits(answer.bytes, length));
  });
}

/** What is left of the last byte is zero. */
function firstBits(bytes: Bytes, length: number | null): Bytes {
  if (length === null) return bytes;
  if (length > viewLength(bytes) * 8) throw operationError(`Cannot derive ${length} bits: there are not so many`);
  const cut = part(bytes, 0, (length + 7) >> 3);
  const spare = (8 - length % 8) % 8;
  if (spare > 0) cut[viewLength(cut) - 1] &= 0xff << spare;
  return cut;
}
