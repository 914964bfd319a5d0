/** Keys from secrets: HKDF and PBKDF2. */
import { define, NO_PARAMETERS, readHash } from "./algorithm.ts";
import { Answer, ask, nameText, NOTHING, number, Operation } from "./ask.ts";
import { notSupported, operationError, type Options, requiredBytes, requiredInteger, syntaxError } from "./convert.ts";
import { type KeyUsage, makeKey } from "./key.ts";
import { checkUsages } from "./secret_key.ts";

const ALLOWED: readonly KeyUsage[] = ["deriveKey", "deriveBits"];

for (const name of ["HKDF", "PBKDF2"]) {
  // deno-lint-ignore require-await
  define("importKey", name, NO_PARAMETERS, async (_, { format, bytes, extractable, usages }) => {
    if (format !== "raw") throw notSupported(`Cannot import such a key as ${format}`);
    checkUsages(usages, ALLOWED);
    if (extractable) throw syntaxError(`Cannot make a key of ${name} extractable`);
    if (usages.length === 0) throw syntaxError("Cannot make a key without usages");
    return makeKey({ type: "secret", extractable, algorithm: { name }, usages, bytes: bytes! });
  });
  define("keyLength", name, NO_PARAMETERS, () => null);
}

function checkLength(length: number | null): number {
  if (length === null || length % 8 !== 0) {
    throw operationError(`Cannot derive ${length} bits: those are no whole bytes`);
  }
  return length;
}

const readHkdf = (options: Options) => ({
  hash: readHash(options),
  info: requiredBytes(options, "info"),
  salt: requiredBytes(options, "salt"),
});
define("deriveBits", "HKDF", readHkdf, async ({ hash, info, salt }, key, length) => {
  const bits = checkLength(length);
  if (bits === 0) return new Answer(NOTHING);
  return await ask(Operation.DERIVE, [nameText("HKDF"), nameText(hash), salt, info, number(bits), key.bytes]);
});

const readPbkdf2 = (options: Options) => ({
  hash: readHash(options),
  iterations: requiredInteger(options, "iterations", 32),
  salt: requiredBytes(options, "salt"),
});
define("deriveBits", "PBKDF2", readPbkdf2, async ({ hash, iterations, salt }, key, length) => {
  const bits = checkLength(length);
  if (iterations === 0) throw operationError("Cannot derive with no iterations");
  if (bits === 0) return new Answer(NOTHING);
  return await ask(Operation.DERIVE, [
    nameText("PBKDF2"),
    nameText(hash),
    salt,
    number(iterations),
    number(bits),
    key.bytes,
  ]);
});
