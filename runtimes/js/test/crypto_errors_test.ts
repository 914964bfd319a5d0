/** What crypto.subtle refuses: with the same errors as Deno. */
import assert from "node:assert/strict";
import { type Case, inGuest, testBesideDeno } from "./crypto_host.ts";

const GCM = `await subtle.importKey("raw", range(16), "AES-GCM", true, ["encrypt"])`;
const RSA = `{ name: "RSA-PSS", hash: "SHA-256", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) }`;

const refusals: readonly string[] = [
  `subtle.digest("SHA-0", range(1))`,
  `subtle.digest({}, range(1))`,
  `subtle.digest(Symbol(), range(1))`,
  `subtle.digest("SHA-1", "text")`,
  `subtle.digest("SHA-1", [1])`,
  `subtle.digest("SHA-1", null)`,
  `subtle.digest("AES-GCM", range(1))`,
  `subtle.encrypt("AES-GCM", ${GCM}, range(1))`,
  `subtle.encrypt({ name: "AES-GCM", iv: range(12), tagLength: 33 }, ${GCM}, range(1))`,
  `subtle.encrypt({ name: "AES-GCM", iv: "x" }, ${GCM}, range(1))`,
  `subtle.encrypt({ name: "AES-GCM", iv: range(13) }, ${GCM}, range(1))`,
  `subtle.encrypt({ name: "AES-CBC", iv: range(16) }, ${GCM}, range(1))`,
  `subtle.encrypt({ name: "AES-GCM", iv: range(12) }, {}, range(1))`,
  `subtle.decrypt({ name: "AES-GCM", iv: range(12) }, ${GCM}, range(40))`,
  `subtle.encrypt({ name: "AES-CBC", iv: range(15) }, await subtle.importKey("raw", range(16), "AES-CBC", true, ["encrypt"]), range(1))`,
  `subtle.encrypt({ name: "AES-CTR", counter: range(16), length: 0 }, await subtle.importKey("raw", range(16), "AES-CTR", true, ["encrypt"]), range(1))`,
  `subtle.encrypt({ name: "AES-CTR", counter: range(3), length: 8 }, await subtle.importKey("raw", range(16), "AES-CTR", true, ["encrypt"]), range(1))`,
  `subtle.generateKey({ name: "AES-GCM", length: 100 }, true, ["encrypt"])`,
  `subtle.generateKey({ name: "AES-GCM" }, true, ["encrypt"])`,
  `subtle.generateKey({ name: "AES-GCM", length: 128 }, true, ["sign"])`,
  `subtle.generateKey({ name: "AES-GCM", length: 128 }, true, [])`,
  `subtle.generateKey({ name: "AES-GCM", length: 128 }, true, 7)`,
  `subtle.generateKey({ name: "HMAC", hash: "SHA-256", length: 0 }, true, ["sign"])`,
  `subtle.generateKey({ name: "HMAC" }, true, ["sign"])`,
  `subtle.generateKey({ name: "HMAC", hash: "MD5" }, true, ["sign"])`,
  `subtle.generateKey({ name: "ECDSA", namedCurve: "P-1" }, true, ["sign"])`,
  `subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["verify"])`,
  `subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["encrypt"])`,
  `subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, [])`,
  `subtle.generateKey({ ...${RSA}, publicExponent: new Uint8Array([2]) }, true, ["sign"])`,
  `subtle.generateKey({ ...${RSA}, publicExponent: [1, 0, 1] }, true, ["sign"])`,
  `subtle.generateKey({ ...${RSA}, hash: "SHA-3" }, true, ["sign"])`,
  `subtle.generateKey("PBKDF2", true, ["deriveBits"])`,
  `subtle.importKey("raw", range(15), "AES-GCM", true, ["encrypt"])`,
  `subtle.importKey("raw", range(16), "AES-GCM", true, [])`,
  `subtle.importKey("raw", range(16), "AES-GCM", true, ["sign"])`,
  `subtle.importKey("spki", range(16), "AES-GCM", true, ["encrypt"])`,
  `subtle.importKey("der", range(16), "AES-GCM", true, ["encrypt"])`,
  `subtle.importKey("jwk", range(16), "AES-GCM", true, ["encrypt"])`,
  `subtle.importKey("raw", { kty: "oct" }, "AES-GCM", true, ["encrypt"])`,
  `subtle.importKey("jwk", { kty: "RSA", k: "AAAA" }, "AES-GCM", true, ["encrypt"])`,
  `subtle.importKey("jwk", { kty: "oct" }, "AES-GCM", true, ["encrypt"])`,
  `subtle.importKey("jwk", { kty: "oct", k: "AAECAwQFBgcICQoLDA0ODw", alg: "A256GCM" }, "AES-GCM", true, ["encrypt"])`,
  `subtle.importKey("jwk", { kty: "oct", k: "AAECAwQFBgcICQoLDA0ODw", ext: false }, "AES-GCM", true, ["encrypt"])`,
  `subtle.importKey("jwk", { kty: "oct", k: "AAECAwQFBgcICQoLDA0ODw", use: "sig" }, "AES-GCM", true, ["encrypt"])`,
  `subtle.importKey("jwk", { kty: "oct", k: "AAECAwQFBgcICQoLDA0ODw", key_ops: ["decrypt"] }, "AES-GCM", true, ["encrypt"])`,
  `subtle.importKey("raw", new Uint8Array(), { name: "HMAC", hash: "SHA-1" }, true, ["sign"])`,
  `subtle.importKey("raw", range(2), { name: "HMAC", hash: "SHA-1", length: 17 }, true, ["sign"])`,
  `subtle.importKey("raw", range(2), { name: "HMAC", hash: "SHA-1", length: 8 }, true, ["sign"])`,
  `subtle.importKey("raw", range(2), { name: "HMAC", hash: "SHA-1", length: 12 }, true, ["sign"])`,
  `subtle.importKey("raw", range(2), "PBKDF2", false, ["sign"])`,
  `subtle.importKey("jwk", { kty: "oct", k: "AA" }, "PBKDF2", false, ["deriveBits"])`,
  `subtle.importKey("raw", range(65), { name: "ECDSA", namedCurve: "P-256" }, true, ["verify"])`,
  `subtle.importKey("raw", range(64), { name: "ECDSA", namedCurve: "P-256" }, true, ["sign"])`,
  `subtle.importKey("raw", range(31), "Ed25519", true, ["verify"])`,
  `subtle.importKey("spki", range(32), { name: "RSA-PSS", hash: "SHA-256" }, true, ["verify"])`,
  `subtle.importKey("raw", range(32), { name: "RSA-PSS", hash: "SHA-256" }, true, ["verify"])`,
  `subtle.importKey("jwk", { kty: "EC", crv: "P-256", x: "AA" }, { name: "ECDSA", namedCurve: "P-256" }, true, ["verify"])`,
  `subtle.importKey("jwk", { kty: "OKP", crv: "X25519", x: "AA" }, "Ed25519", true, ["verify"])`,
  `subtle.exportKey("raw", await subtle.importKey("raw", range(16), "AES-GCM", false, ["encrypt"]))`,
  `subtle.exportKey("spki", ${GCM})`,
  `subtle.exportKey("nothing", ${GCM})`,
  `subtle.exportKey("raw", "key")`,
  `subtle.sign("HMAC", ${GCM}, range(1))`,
  `subtle.deriveBits({ name: "PBKDF2", hash: "SHA-1", salt: range(1), iterations: 0 }, await subtle.importKey("raw", range(2), "PBKDF2", false, ["deriveBits"]), 8)`,
  `subtle.deriveBits({ name: "PBKDF2", hash: "SHA-1", salt: range(1), iterations: 1 }, await subtle.importKey("raw", range(2), "PBKDF2", false, ["deriveBits"]), 7)`,
  `subtle.deriveBits({ name: "PBKDF2", hash: "SHA-1", salt: range(1), iterations: 1 }, await subtle.importKey("raw", range(2), "PBKDF2", false, ["deriveBits"]))`,
  `subtle.deriveBits({ name: "PBKDF2", hash: "SHA-1", salt: range(1) }, await subtle.importKey("raw", range(2), "PBKDF2", false, ["deriveBits"]), 8)`,
  `subtle.deriveBits({ name: "PBKDF2", hash: "SHA-1", salt: range(1), iterations: 1 }, await subtle.importKey("raw", range(2), "PBKDF2", false, ["deriveKey"]), 8)`,
  `subtle.deriveBits({ name: "HKDF", hash: "SHA-1", salt: range(1) }, await subtle.importKey("raw", range(2), "HKDF", false, ["deriveBits"]), 8)`,
  `subtle.deriveBits({ name: "HKDF", hash: "SHA-1", salt: range(1), info: range(1) }, await subtle.importKey("raw", range(2), "HKDF", false, ["deriveBits"]), 255 * 160 + 8)`,
  `subtle.deriveBits({ name: "ECDH", public: ${GCM} }, (await subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"])).privateKey, 8)`,
  `subtle.deriveBits({ name: "ECDH", public: {} }, (await subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"])).privateKey, 8)`,
  `subtle.wrapKey("raw", ${GCM}, ${GCM}, { name: "AES-GCM", iv: range(12) })`,
  `subtle.unwrapKey("jwk", range(40), await subtle.importKey("raw", range(16), "AES-KW", true, ["unwrapKey"]), "AES-KW", "AES-GCM", true, ["encrypt"])`,
  `subtle.unwrapKey("jwk", await subtle.encrypt({ name: "AES-CBC", iv: range(16) }, await subtle.importKey("raw", range(16), "AES-CBC", true, ["encrypt"]), utf8("[]")), await subtle.importKey("raw", range(16), "AES-CBC", true, ["unwrapKey"]), { name: "AES-CBC", iv: range(16) }, "AES-GCM", true, ["encrypt"])`,
];

testBesideDeno(refusals.map((code): Case => [`like Deno: ${code}`, `return await ${code};`]));

/** Where Deno does not do as the standards say. */
const byTheStandard: readonly (readonly [code: string, error: string])[] = [
  [`subtle.digest(undefined, range(1))`, "NotSupportedError"],
  [`subtle.encrypt({ name: "AES-GCM", iv: range(12), tagLength: 256 }, ${GCM}, range(1))`, "TypeError"],
  [`subtle.generateKey({ name: "AES-GCM", length: 70000 }, true, ["encrypt"])`, "TypeError"],
  [`subtle.generateKey({ name: "AES-GCM", length: 128 }, true, ["fly"])`, "TypeError"],
  [`subtle.importKey("raw", range(2), "PBKDF2", true, ["deriveBits"])`, "SyntaxError"],
  [`subtle.importKey("raw", range(32), "RSA-PSS", true, ["verify"])`, "TypeError"],
  [
    `subtle.importKey("jwk", { kty: "EC", crv: "P-384", x: "AA", y: "AA" }, { name: "ECDSA", namedCurve: "P-256" }, true, ["verify"])`,
    "DataError",
  ],
  [
    `subtle.exportKey("raw", await subtle.importKey("raw", range(16), "HKDF", false, ["deriveBits"]))`,
    "NotSupportedError",
  ],
  [`subtle.sign("AES-GCM", ${GCM}, range(1))`, "NotSupportedError"],
  [
    `subtle.wrapKey("raw", ${GCM}, await subtle.importKey("raw", range(16), "AES-KW", true, ["wrapKey"]), "HMAC")`,
    "NotSupportedError",
  ],
];

Deno.test("what Deno takes or refuses otherwise is refused as the standards say", async () => {
  const thrown = await inGuest(`return [${byTheStandard.map(([code]) => `await settle(async () => await ${code})`)}];`);
  assert.deepEqual(thrown, byTheStandard.map(([, thrown]) => ({ thrown })));
});

Deno.test("what a function does to a key's algorithm and usages changes the key in nothing", async () => {
  const seen = await inGuest(`
    const key = await subtle.generateKey({ name: "AES-GCM", length: 128 }, true, ["encrypt"]);
    key.algorithm.name = "AES-CBC";
    key.usages.push("decrypt");
    return [key.algorithm === key.algorithm, key.usages === key.usages,
      await settle(() => subtle.decrypt({ name: "AES-GCM", iv: range(12) }, key, range(20))),
      (await subtle.encrypt({ name: "AES-GCM", iv: range(12) }, key, range(20))).byteLength];`);
  assert.deepEqual(seen, [true, true, { thrown: "InvalidAccessError" }, 36]);
});
