/** Keys of two halves. The host reads, checks, makes and rewrites them; here they are DER. */
import { native } from "../native.ts";
import { parseJson, toJson } from "../primordials.ts";
import type { Exported, GenerateRequest, ImportRequest, Jwk, KeyFormat, Pair } from "./algorithm.ts";
import { type Answer, ask, nameText, NOTHING, number, Operation, text, unpack, unpackNumber } from "./ask.ts";
import { invalidAccess, notSupported, syntaxError } from "./convert.ts";
import { checkJwk } from "./jwk.ts";
import { contains, type CryptoKey, type KeyAlgorithm, type KeyData, type KeyUsage, makeKey } from "./key.ts";
import { checkUsages } from "./secret_key.ts";

/** What all keys of an algorithm have in common. */
export interface PairKind {
  readonly kty: string;
  readonly use: "sig" | "enc";
  readonly publicUsages: readonly KeyUsage[];
  readonly privateUsages: readonly KeyUsage[];
  readonly hasRaw: boolean;
  /** Members of a JSON Web Key that make it up. */
  readonly members: readonly string[];
  /** Throws where the key is for something else. */
  checkJwk(jwk: Jwk, algorithm: KeyAlgorithm): void;
}

/** The first parts of all calls about a key. */
const nameOf = ({ name }: KeyAlgorithm) => nameText(name);
export const detailPart = (algorithm: KeyAlgorithm) => nameText(algorithm.hash ?? algorithm.namedCurve ?? "");

export function checkType(key: KeyData, type: "public" | "private"): void {
  if (key.type !== type) throw invalidAccess(`Cannot use a ${key.type} key: this takes a ${type} one`);
}

export async function importPairKey(
  kind: PairKind,
  algorithm: KeyAlgorithm,
  request: ImportRequest,
): Promise<CryptoKey> {
  const { format, extractable, usages } = request;
  if (format === "raw" && !kind.hasRaw) throw notSupported("Cannot import such a key as raw");
  const isPrivate = format === "pkcs8" || (format === "jwk" && request.jwk!.d !== undefined);
  const type = isPrivate ? "private" : "public";
  checkUsages(usages, isPrivate ? kind.privateUsages : kind.publicUsages);
  let data = request.bytes!;
  if (format === "jwk") {
    const jwk = checkJwk(request, kind.kty, kind.use);
    kind.checkJwk(jwk, algorithm);
    if (jwk.oth !== undefined) throw notSupported("Cannot import a key of more than two primes");
    data = text(toJson(pick(jwk, kind.members)));
  }
  const answer = await ask(
    Operation.IMPORT,
    [nameOf(algorithm), detailPart(algorithm), text(type), text(format), data],
    "DataError",
  );
  if (isPrivate && usages.length === 0) throw syntaxError("Cannot make a private key without usages");
  return makeKey({ type, extractable, algorithm: complete(algorithm, answer), usages, bytes: unpack(answer, 0) });
}

/** An RSA key says itself how long it is. */
function complete(algorithm: KeyAlgorithm, answer: Answer): KeyAlgorithm {
  const modulusLength = unpackNumber(answer, 1);
  if (modulusLength === 0) return algorithm;
  return { name: algorithm.name, hash: algorithm.hash, modulusLength, publicExponent: unpack(answer, 2) };
}

function pick(jwk: Jwk, members: readonly string[]): Jwk {
  const picked: Record<string, unknown> = { __proto__: null, kty: jwk.kty };
  for (let i = 0; i < members.length; i++) {
    if (jwk[members[i]] !== undefined) picked[members[i]] = jwk[members[i]];
  }
  return picked;
}

export async function generatePair(
  kind: PairKind,
  algorithm: KeyAlgorithm,
  { extractable, usages }: GenerateRequest,
): Promise<Pair> {
  const { publicUsages, privateUsages } = kind;
  checkUsages(usages, [...publicUsages, ...privateUsages]);
  const privateOnes = usages.filter((usage) => contains(privateUsages, usage));
  if (privateOnes.length === 0) throw syntaxError("Cannot make a private key without usages");
  const { modulusLength = 0, publicExponent = NOTHING } = algorithm;
  const answer = await ask(Operation.GENERATE, [
    nameOf(algorithm),
    detailPart(algorithm),
    number(modulusLength),
    publicExponent,
  ]);
  const publicOnes = usages.filter((usage) => contains(publicUsages, usage));
  return {
    publicKey: makeKey({ type: "public", extractable: true, algorithm, usages: publicOnes, bytes: unpack(answer, 1) }),
    privateKey: makeKey({ type: "private", extractable, algorithm, usages: privateOnes, bytes: unpack(answer, 0) }),
  };
}

export async function exportPairKey(kind: PairKind, key: KeyData, format: KeyFormat): Promise<Exported> {
  const { type, algorithm, extractable, usages } = key;
  if (format === "raw" && !kind.hasRaw) throw notSupported("Cannot export such a key as raw");
  if (format !== "jwk") checkType(key, format === "pkcs8" ? "private" : "public");
  const { bytes } = await ask(Operation.EXPORT, [
    nameOf(algorithm),
    detailPart(algorithm),
    text(type),
    text(format),
    key.bytes,
  ]);
  if (format !== "jwk") return { bytes };
  const jwk = parseJson(native.utf8Decode(bytes, false)!) as Record<string, unknown>;
  return { jwk: { ...jwk, key_ops: [...usages], ext: extractable } };
}
