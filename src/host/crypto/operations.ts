import { Family } from "../operations.ts";

const FIRST = Family.CRYPTO << 8;

/**
 * What a guest may have computed. Arguments and answers are parts (parts.ts); the first part names the algorithm
 * as Web Crypto does, and a key's is the bytes of its DER form, or of itself. Nothing of a key stays here.
 *
 * | operation       | parts after the algorithm's name                     | answer                              |
 * | --------------- | ---------------------------------------------------- | ----------------------------------- |
 * | IMPORT          | detail, "public" or "private", format, data          | key, modulus length, exponent       |
 * | EXPORT          | detail, "public" or "private", format, key           | data                                |
 * | GENERATE        | detail, modulus length, exponent                     | private key, public key             |
 * | SIGN            | parameters, private key, data                        | signature                           |
 * | VERIFY          | parameters, public key, signature, data              | one byte: 1 when it fits            |
 * | ENCRYPT/DECRYPT | parameters, key, data                                | data                                |
 * | DERIVE          | parameters, key                                      | bytes                               |
 *
 * The detail of a key is its hash or its curve, or empty. What is over 64 KB is carried in pieces:
 *
 * | UPLOAD   | (not in parts) transfer's number: u32, a piece of an argument       | nothing                           |
 * | RUN      | (not in parts) transfer's number: u32, operation: u32               | length: u32, the answer's start   |
 * | DOWNLOAD | (not in parts) transfer's number: u32                               | the next piece of the answer      |
 */
export const CryptoOperation = {
  UPLOAD: FIRST,
  RUN: FIRST + 1,
  DOWNLOAD: FIRST + 2,
  IMPORT: FIRST + 16,
  EXPORT: FIRST + 17,
  GENERATE: FIRST + 18,
  SIGN: FIRST + 32,
  VERIFY: FIRST + 33,
  ENCRYPT: FIRST + 48,
  DECRYPT: FIRST + 49,
  DERIVE: FIRST + 64,
} as const;
