/** JSON Web Keys: what a function hands over as one, and what holds for all of them. */
import { type Bytes, native } from "../native.ts";
import { apply, isArray, parseJson } from "../primordials.ts";
import type { ImportRequest, Jwk } from "./algorithm.ts";
import { dataError, type Options } from "./convert.ts";
import { contains } from "./key.ts";

type Member = readonly [name: string, convert: (value: unknown) => unknown];

const toText = (value: unknown): string => `${value}`;
const toTexts = (value: unknown): string[] => {
  if (typeof value !== "object" || value === null) throw new TypeError("Cannot take key_ops that are no sequence");
  const texts: string[] = [];
  for (const item of value as Iterable<unknown>) texts[texts.length] = toText(item);
  return texts;
};

/** In the order in which Web IDL reads them. */
const MEMBERS: readonly Member[] = [
  ...["alg", "crv", "d", "dp", "dq", "e"].map((name): Member => [name, toText]),
  ["ext", Boolean],
  ["k", toText],
  ["key_ops", toTexts],
  ...["kty", "n"].map((name): Member => [name, toText]),
  ["oth", (value) => value],
  ...["p", "q", "qi", "use", "x", "y"].map((name): Member => [name, toText]),
];

export function toJwk(value: unknown): Jwk {
  if (typeof value !== "object" || value === null) throw new TypeError("Cannot take a JSON Web Key that is no object");
  const jwk: Record<string, unknown> = { __proto__: null };
  for (let i = 0; i < MEMBERS.length; i++) {
    const name = MEMBERS[i][0];
    const member = (value as Options)[name];
    if (member !== undefined) jwk[name] = MEMBERS[i][1](member);
  }
  return jwk;
}

/** Of what was unwrapped. */
export function parseJwk(bytes: Bytes): Jwk {
  const text = native.utf8Decode(bytes, true);
  let value: unknown;
  try {
    value = text === null ? null : parseJson(text);
  } catch {
    value = null;
  }
  if (typeof value !== "object" || value === null || isArray(value)) {
    throw dataError("Cannot unwrap the key: it is no JSON Web Key");
  }
  const jwk = toJwk(value);
  if (jwk.kty === undefined) throw dataError("Cannot unwrap the key: it has no kty");
  return jwk;
}

/** `use`: what the member must be where it is given. */
export function checkJwk({ jwk, usages, extractable }: ImportRequest, kty: string, use: string): Jwk {
  if (jwk!.kty !== kty) throw dataError(`Cannot import the key: its kty is not ${kty}`);
  if (usages.length > 0 && jwk!.use !== undefined && jwk!.use !== use) {
    throw dataError(`Cannot import the key: its use is not ${use}`);
  }
  const operations = jwk!.key_ops;
  if (operations) {
    for (let i = 0; i < operations.length; i++) {
      for (let j = 0; j < i; j++) {
        if (operations[i] === operations[j]) throw dataError("Cannot import the key: its key_ops has one twice");
      }
    }
    for (let i = 0; i < usages.length; i++) {
      if (!contains(operations, usages[i])) throw dataError(`Cannot import the key: its key_ops lacks ${usages[i]}`);
    }
  }
  if (jwk!.ext === false && extractable) throw dataError("Cannot import the key: it must not be extractable");
  return jwk!;
}

const fromBase64 = (Uint8Array as unknown as { fromBase64(text: string, options: object): Bytes }).fromBase64;
const toBase64 = Function.prototype.call.bind(
  (Uint8Array.prototype as unknown as { toBase64(): string }).toBase64,
) as unknown as (bytes: Bytes, options: object) => string;
const Uint8ArrayIntrinsic = Uint8Array;

export function decodeBase64Url(text: unknown): Bytes {
  if (typeof text !== "string") throw dataError("Cannot import the key: a member is missing");
  try {
    return apply(fromBase64, Uint8ArrayIntrinsic, [text, { __proto__: null, alphabet: "base64url" }]) as Bytes;
  } catch {
    throw dataError("Cannot import the key: a member is no base64url");
  }
}

export const encodeBase64Url = (bytes: Bytes): string =>
  toBase64(bytes, { __proto__: null, alphabet: "base64url", omitPadding: true });
