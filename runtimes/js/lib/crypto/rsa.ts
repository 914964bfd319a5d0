import { define, NO_PARAMETERS, readHash } from "./algorithm.ts";
import { ask, nameText, NOTHING, number, Operation } from "./ask.ts";
import type { Bytes } from "../native.ts";
import { viewLength } from "../primordials.ts";
import {
  dataError,
  operationError,
  optionalBytes,
  type Options,
  requiredInteger,
  requiredUint8Array,
} from "./convert.ts";
import type { KeyAlgorithm } from "./key.ts";
import { checkType, detailPart, generatePair, importPairKey, type PairKind } from "./key_pair.ts";
import { checkUsages } from "./secret_key.ts";

const MEMBERS = ["n", "e", "d", "p", "q", "dp", "dq", "qi"];

/** `RS256`, `PS256`, `RSA-OAEP-256` */
const NUMBERED: Record<string, string> = { "RSASSA-PKCS1-v1_5": "RS", "RSA-PSS": "PS", "RSA-OAEP": "RSA-OAEP-" };

function jwkName({ name, hash }: KeyAlgorithm): string {
  if (hash === "SHA-1") return name === "RSA-OAEP" ? name : `${NUMBERED[name]}1`;
  return NUMBERED[name] + hash!.slice(4);
}

const kindOf = (use: PairKind["use"], usages: Pick<PairKind, "publicUsages" | "privateUsages">): PairKind => ({
  kty: "RSA",
  use,
  ...usages,
  hasRaw: false,
  members: MEMBERS,
  checkJwk({ alg }, algorithm) {
    if (alg !== undefined && alg !== jwkName(algorithm)) {
      throw dataError(`Cannot import the key: its alg is not ${jwkName(algorithm)}`);
    }
  },
});

const SIGNING = kindOf("sig", { publicUsages: ["verify"], privateUsages: ["sign"] });
const ENCRYPTING = kindOf("enc", {
  publicUsages: ["encrypt", "wrapKey"],
  privateUsages: ["decrypt", "unwrapKey"],
});

export const RSA_KINDS: Record<string, PairKind> = {
  "RSASSA-PKCS1-v1_5": SIGNING,
  "RSA-PSS": SIGNING,
  "RSA-OAEP": ENCRYPTING,
};

const readGenerate = (options: Options) => ({
  modulusLength: requiredInteger(options, "modulusLength", 32),
  publicExponent: requiredUint8Array(options, "publicExponent"),
  hash: readHash(options),
});

/** Those that the host makes keys with. */
function checkExponent(exponent: Bytes): void {
  let value = 0;
  for (let i = 0; i < viewLength(exponent); i++) value = value * 256 + exponent[i];
  if (value !== 3 && value !== 65537) throw operationError("Cannot make an RSA key whose exponent is not 3 or 65537");
}

for (const [name, kind] of Object.entries(RSA_KINDS)) {
  define("generateKey", name, readGenerate, async (params, request) => {
    checkUsages(request.usages, [...kind.publicUsages, ...kind.privateUsages]);
    checkExponent(params.publicExponent);
    return await generatePair(kind, { name, ...params }, request);
  });
  define("importKey", name, readHash, (hash, request) => importPairKey(kind, { name, hash }, request));
}

const PKCS1 = "RSASSA-PKCS1-v1_5";
define("sign", PKCS1, NO_PARAMETERS, async (_, key, data) => {
  checkType(key, "private");
  return await ask(Operation.SIGN, [nameText(PKCS1), detailPart(key.algorithm), key.bytes, data]);
});
define("verify", PKCS1, NO_PARAMETERS, async (_, key, signature, data) => {
  checkType(key, "public");
  return (await ask(Operation.VERIFY, [nameText(PKCS1), detailPart(key.algorithm), key.bytes, signature, data]))
    .bytes[0] === 1;
});

const PSS = "RSA-PSS";
const readSaltLength = (options: Options): number => requiredInteger(options, "saltLength", 32);
define("sign", PSS, readSaltLength, async (saltLength, key, data) => {
  checkType(key, "private");
  return await ask(Operation.SIGN, [nameText(PSS), number(saltLength), detailPart(key.algorithm), key.bytes, data]);
});
define("verify", PSS, readSaltLength, async (saltLength, key, signature, data) => {
  checkType(key, "public");
  const answer = await ask(Operation.VERIFY, [
    nameText(PSS),
    number(saltLength),
    detailPart(key.algorithm),
    key.bytes,
    signature,
    data,
  ]);
  return answer.bytes[0] === 1;
});

const OAEP = "RSA-OAEP";
const readLabel = (options: Options) => optionalBytes(options, "label") ?? NOTHING;
define("encrypt", OAEP, readLabel, async (label, key, data) => {
  checkType(key, "public");
  return await ask(Operation.ENCRYPT, [nameText(OAEP), label, detailPart(key.algorithm), key.bytes, data]);
});
define("decrypt", OAEP, readLabel, async (label, key, data) => {
  checkType(key, "private");
  return await ask(Operation.DECRYPT, [nameText(OAEP), label, detailPart(key.algorithm), key.bytes, data]);
});
