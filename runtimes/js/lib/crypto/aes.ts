import type { Bytes } from "../native.ts";
import { viewLength } from "../primordials.ts";
import { define, type Exported, type KeyFormat, NO_PARAMETERS } from "./algorithm.ts";
import { ask, nameText, NOTHING, number, Operation } from "./ask.ts";
import {
  dataError,
  notSupported,
  operationError,
  optionalBytes,
  optionalInteger,
  type Options,
  requiredBytes,
  requiredInteger,
} from "./convert.ts";
import { contains, type KeyData, type KeyUsage } from "./key.ts";
import { bitsOf, checkUsages, exportSecret, makeSecret, randomSecret, readSecret } from "./secret_key.ts";

const LENGTHS = [128, 192, 256];
const TAG_LENGTHS = [32, 64, 96, 104, 112, 120, 128];
const BLOCK_BYTES = 16;
/** Of AES-GCM: those that Deno has. */
const IV_BYTES = [12, 16];
const WRAPPING: readonly KeyUsage[] = ["wrapKey", "unwrapKey"];
const CIPHER: readonly KeyUsage[] = ["encrypt", "decrypt", "wrapKey", "unwrapKey"];

const keyLength = (options: Options): number => requiredInteger(options, "length", 16);

function checkLength(bits: number): number {
  if (!contains(LENGTHS, bits)) throw operationError(`Cannot have an AES key of ${bits} bits`);
  return bits;
}

/** `A256GCM` */
const jwkName = (name: string, bits: number): string => `A${bits}${name.slice(4)}`;

function defineKeys(name: string, allowed: readonly KeyUsage[]): void {
  // deno-lint-ignore require-await
  define("generateKey", name, keyLength, async (length, request) => {
    checkUsages(request.usages, allowed);
    return makeSecret({ name, length }, randomSecret(checkLength(length)), request);
  });
  // deno-lint-ignore require-await
  define("importKey", name, NO_PARAMETERS, async (_, request) => {
    checkUsages(request.usages, allowed);
    const bytes = readSecret(request, "enc", ({ alg }, secret) => {
      if (alg !== undefined && alg !== jwkName(name, bitsOf(secret))) {
        throw dataError(`Cannot import the key: its alg is not ${jwkName(name, bitsOf(secret))}`);
      }
    });
    if (!contains(LENGTHS, bitsOf(bytes))) throw dataError(`Cannot have an AES key of ${bitsOf(bytes)} bits`);
    return makeSecret({ name, length: bitsOf(bytes) }, bytes, request);
  });
  define("keyLength", name, keyLength, checkLength);
}

export const exportAes = (key: KeyData, format: KeyFormat): Exported =>
  exportSecret(key, format, jwkName(key.algorithm.name, key.algorithm.length!));

defineKeys("AES-GCM", CIPHER);
defineKeys("AES-CBC", CIPHER);
defineKeys("AES-CTR", CIPHER);
defineKeys("AES-KW", WRAPPING);

function readGcm(options: Options) {
  const additionalData = optionalBytes(options, "additionalData") ?? NOTHING;
  const iv = requiredBytes(options, "iv");
  const tagLength = optionalInteger(options, "tagLength", 8) ?? 128;
  return { additionalData, iv, tagLength };
}

const gcm = (operation: number) => async (params: ReturnType<typeof readGcm>, key: KeyData, data: Bytes) => {
  const { additionalData, iv, tagLength } = params;
  if (!contains(TAG_LENGTHS, tagLength)) throw operationError(`Cannot have a tag of ${tagLength} bits`);
  if (operation === Operation.DECRYPT && bitsOf(data) < tagLength) {
    throw operationError("Cannot decrypt: the data is shorter than its tag");
  }
  if (!contains(IV_BYTES, viewLength(iv))) throw notSupported(`Cannot use an iv of ${viewLength(iv)} bytes`);
  return await ask(operation, [nameText("AES-GCM"), iv, additionalData, number(tagLength), key.bytes, data]);
};
define("encrypt", "AES-GCM", readGcm, gcm(Operation.ENCRYPT));
define("decrypt", "AES-GCM", readGcm, gcm(Operation.DECRYPT));

const cbc = (operation: number) => async (iv: Bytes, key: KeyData, data: Bytes) => {
  if (viewLength(iv) !== BLOCK_BYTES) throw operationError(`Cannot use an iv that has not ${BLOCK_BYTES} bytes`);
  return await ask(operation, [nameText("AES-CBC"), iv, key.bytes, data]);
};
define("encrypt", "AES-CBC", (options) => requiredBytes(options, "iv"), cbc(Operation.ENCRYPT));
define("decrypt", "AES-CBC", (options) => requiredBytes(options, "iv"), cbc(Operation.DECRYPT));

const readCtr = (options: Options) => ({
  counter: requiredBytes(options, "counter"),
  length: requiredInteger(options, "length", 8),
});

const ctr = (operation: number) => async (params: ReturnType<typeof readCtr>, key: KeyData, data: Bytes) => {
  const { counter, length } = params;
  if (viewLength(counter) !== BLOCK_BYTES) {
    throw operationError(`Cannot use a counter that has not ${BLOCK_BYTES} bytes`);
  }
  if (length < 1 || length > 128) throw operationError(`Cannot count with ${length} bits`);
  return await ask(operation, [nameText("AES-CTR"), counter, number(length), key.bytes, data]);
};
define("encrypt", "AES-CTR", readCtr, ctr(Operation.ENCRYPT));
define("decrypt", "AES-CTR", readCtr, ctr(Operation.DECRYPT));

const keyWrap = (operation: number) => async (_: null, key: KeyData, data: Bytes) =>
  await ask(operation, [nameText("AES-KW"), key.bytes, data]);
define("wrapKey", "AES-KW", NO_PARAMETERS, keyWrap(Operation.ENCRYPT));
define("unwrapKey", "AES-KW", NO_PARAMETERS, keyWrap(Operation.DECRYPT));
