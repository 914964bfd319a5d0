import { blockBytes, type HashName } from "../hash.ts";
import { define, type Exported, type KeyFormat, NO_PARAMETERS, readHash } from "./algorithm.ts";
import { ask, nameText, Operation } from "./ask.ts";
import { dataError, operationError, optionalInteger, type Options } from "./convert.ts";
import type { KeyData, KeyUsage } from "./key.ts";
import { bitsOf, checkUsages, exportSecret, makeSecret, randomSecret, readSecret } from "./secret_key.ts";

const NAME = "HMAC";
const ALLOWED: readonly KeyUsage[] = ["sign", "verify"];

const readParams = (options: Options) => ({ hash: readHash(options), length: optionalInteger(options, "length", 32) });

/** `HS256` */
const jwkName = (hash: string): string => hash === "SHA-1" ? "HS1" : `HS${hash.slice(4)}`;

function bitsFor({ hash, length }: { hash: string; length: number | null }): number {
  if (length === 0) throw operationError("Cannot have an HMAC key of no bits");
  return length ?? 8 * blockBytes(hash as HashName);
}

// deno-lint-ignore require-await
define("generateKey", NAME, readParams, async (params, request) => {
  checkUsages(request.usages, ALLOWED);
  const length = bitsFor(params);
  if (length % 8 !== 0) throw operationError("Cannot have an HMAC key that is not of whole bytes");
  return makeSecret({ name: NAME, hash: params.hash, length }, randomSecret(length), request);
});

// deno-lint-ignore require-await
define("importKey", NAME, readParams, async ({ hash, length }, request) => {
  checkUsages(request.usages, ALLOWED);
  const bytes = readSecret(request, "sig", ({ alg }) => {
    if (alg !== undefined && alg !== jwkName(hash)) {
      throw dataError(`Cannot import the key: its alg is not ${jwkName(hash)}`);
    }
  });
  const bits = bitsOf(bytes);
  if (bits === 0) throw dataError("Cannot have an HMAC key of no bits");
  if (length !== null && (length > bits || length <= bits - 8)) {
    throw dataError(`Cannot have an HMAC key of ${length} bits from one of ${bits}`);
  }
  return makeSecret({ name: NAME, hash, length: length ?? bits }, bytes, request);
});

define("keyLength", NAME, readParams, bitsFor);

export const exportHmac = (key: KeyData, format: KeyFormat): Exported =>
  exportSecret(key, format, jwkName(key.algorithm.hash!));

define(
  "sign",
  NAME,
  NO_PARAMETERS,
  async (_, { algorithm, bytes }, data) =>
    await ask(Operation.SIGN, [nameText(NAME), nameText(algorithm.hash!), bytes, data]),
);

define("verify", NAME, NO_PARAMETERS, async (_, { algorithm, bytes }, signature, data) => {
  const answer = await ask(Operation.VERIFY, [nameText(NAME), nameText(algorithm.hash!), bytes, signature, data]);
  return answer.bytes[0] === 1;
});
