/** Keys of two halves: made here, used there, and the other way around. */
import assert from "node:assert/strict";
import { type Case, inDeno, inGuest, testBesideDeno } from "./crypto_host.ts";

const rsa = (name: string, hash: string) =>
  `{ name: "${name}", hash: "${hash}", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) }`;

/** How each algorithm's keys are made, and its parameters of a signature. */
const SIGNERS: readonly (readonly [label: string, key: string, use: string])[] = [
  ["RSASSA-PKCS1-v1_5", rsa("RSASSA-PKCS1-v1_5", "SHA-256"), `"RSASSA-PKCS1-v1_5"`],
  ["RSA-PSS", rsa("RSA-PSS", "SHA-512"), `{ name: "RSA-PSS", saltLength: 20 }`],
  ["ECDSA P-256", `{ name: "ECDSA", namedCurve: "P-256" }`, `{ name: "ECDSA", hash: "SHA-256" }`],
  ["ECDSA P-384", `{ name: "ECDSA", namedCurve: "P-384" }`, `{ name: "ECDSA", hash: "SHA-384" }`],
  ["ECDSA P-521", `{ name: "ECDSA", namedCurve: "P-521" }`, `{ name: "ECDSA", hash: "SHA-512" }`],
  ["Ed25519", `"Ed25519"`, `"Ed25519"`],
];

const AGREEMENTS: readonly (readonly [label: string, key: string])[] = [
  ["ECDH P-256", `{ name: "ECDH", namedCurve: "P-256" }`],
  ["ECDH P-384", `{ name: "ECDH", namedCurve: "P-384" }`],
  ["ECDH P-521", `{ name: "ECDH", namedCurve: "P-521" }`],
  ["X25519", `"X25519"`],
  ["X448", `"X448"`],
];

interface Signed {
  jwk: JsonWebKey;
  spki: string;
  pkcs8: string;
  signature: string;
}

const sign = (key: string, use: string) => `
  const pair = await subtle.generateKey(${key}, true, ["sign", "verify"]);
  return {
    jwk: await subtle.exportKey("jwk", pair.publicKey),
    spki: hex(await subtle.exportKey("spki", pair.publicKey)),
    pkcs8: hex(await subtle.exportKey("pkcs8", pair.privateKey)),
    signature: hex(await subtle.sign(${use}, pair.privateKey, range(1000))),
  };`;

const verify = (key: string, use: string, { jwk, spki, signature }: Signed) => `
  const fromSpki = await subtle.importKey("spki", unhex("${spki}"), ${key}, true, ["verify"]);
  const fromJwk = await subtle.importKey("jwk", ${JSON.stringify(jwk)}, ${key}, true, ["verify"]);
  const check = (key, data) => subtle.verify(${use}, key, unhex("${signature}"), data);
  return [await check(fromSpki, range(1000)), await check(fromJwk, range(1000)), await check(fromSpki, range(999))];`;

/** Same key, same numbers, in whatever format. */
const formats = (key: string, raw: boolean, { jwk, spki, pkcs8 }: Signed) => `
  const publicKey = await subtle.importKey("spki", unhex("${spki}"), ${key}, true, ["verify"]);
  const privateKey = await subtle.importKey("pkcs8", unhex("${pkcs8}"), ${key}, true, ["sign"]);
  const privateJwk = await subtle.exportKey("jwk", privateKey);
  const again = await subtle.importKey("jwk", privateJwk, ${key}, false, ["sign"]);
  return [publicKey, privateKey, privateJwk, again, await subtle.exportKey("pkcs8", privateKey),
    await subtle.exportKey("jwk", publicKey), await subtle.exportKey("spki", publicKey),
    await settle(() => subtle.exportKey("raw", publicKey)), await settle(() => subtle.exportKey("pkcs8", publicKey)),
    await settle(() => subtle.exportKey("spki", privateKey)), await settle(() => subtle.exportKey("jwk", again)),
    ${raw} && await subtle.importKey("raw", await subtle.exportKey("raw", publicKey), ${key}, true, ["verify"]),
    await settle(() => subtle.importKey("jwk", { ...${JSON.stringify(jwk)}, kty: "oct" }, ${key}, true, ["verify"])),
    await settle(() => subtle.importKey("jwk", { ...${JSON.stringify(jwk)}, use: "enc" }, ${key}, true, ["verify"])),
    await settle(() => subtle.importKey("spki", unhex("${pkcs8}"), ${key}, true, ["verify"])),
    await settle(() => subtle.importKey("pkcs8", unhex("${pkcs8}").slice(5), ${key}, true, ["sign"])),
    await settle(() => subtle.importKey("pkcs8", unhex("${pkcs8}"), ${key}, true, ["verify"])),
    await settle(() => subtle.importKey("pkcs8", unhex("${pkcs8}"), ${key}, true, [])),
  ];`;

for (const [label, key, use] of SIGNERS) {
  Deno.test(`${label}: Deno verifies what a sandbox signed, and reads its keys alike`, async () => {
    const signed = await inGuest(sign(key, use)) as Signed;
    assert.deepEqual(await inDeno(verify(key, use, signed)), [true, true, false]);
    const code = formats(key, !label.startsWith("RSA"), signed);
    assert.deepEqual(await inGuest(code), await inDeno(code));
  });
  Deno.test(`${label}: a sandbox verifies what Deno signed`, async () => {
    const signed = await inDeno(sign(key, use)) as Signed;
    assert.deepEqual(await inGuest(verify(key, use, signed)), [true, true, false]);
  });
}

for (const [label, key] of AGREEMENTS) {
  Deno.test(`${label}: two sides agree, one in a sandbox and one in Deno`, async () => {
    const make = `
      const pair = await subtle.generateKey(${key}, true, ["deriveBits"]);
      return { publicHex: hex(await subtle.exportKey("raw", pair.publicKey)),
        privateHex: hex(await subtle.exportKey("pkcs8", pair.privateKey)) };`;
    const ours = await inGuest(make) as { publicHex: string; privateHex: string };
    const theirs = await inDeno(make) as { publicHex: string; privateHex: string };
    const agree = (own: string, other: string) => `
      const own = await subtle.importKey("pkcs8", unhex("${own}"), ${key}, false, ["deriveBits", "deriveKey"]);
      const other = await subtle.importKey("raw", unhex("${other}"), ${key}, true, []);
      const algorithm = { name: own.algorithm.name, public: other };
      const values = [];
      for (const bits of [null, 0, 8, 256, 100000]) {
        values.push(await settle(() => subtle.deriveBits(algorithm, own, bits)));
      }
      const aes = await subtle.deriveKey(algorithm, own, { name: "AES-GCM", length: 256 }, true, ["encrypt"]);
      return [...values, await subtle.exportKey("raw", aes), await settle(() => subtle.deriveBits({ ...algorithm, public: own }, own, 8))];`;
    const agreed = await inGuest(agree(ours.privateHex, theirs.publicHex));
    assert.deepEqual(agreed, await inDeno(agree(theirs.privateHex, ours.publicHex)));
  });
}

Deno.test("RSA-OAEP: Deno decrypts what a sandbox encrypted, and the other way around", async () => {
  const key = rsa("RSA-OAEP", "SHA-256");
  const make = `
    const pair = await subtle.generateKey(${key}, true, ["encrypt", "decrypt", "wrapKey"]);
    return [hex(await subtle.exportKey("spki", pair.publicKey)), hex(await subtle.exportKey("pkcs8", pair.privateKey))];`;
  const encrypt = (spki: string) => `
    const key = await subtle.importKey("spki", unhex("${spki}"), ${key}, true, ["encrypt"]);
    return hex(await subtle.encrypt({ name: "RSA-OAEP", label: range(5) }, key, range(100)));`;
  const decrypt = (pkcs8: string, data: string) => `
    const key = await subtle.importKey("pkcs8", unhex("${pkcs8}"), ${key}, true, ["decrypt"]);
    return [await subtle.decrypt({ name: "RSA-OAEP", label: range(5) }, key, unhex("${data}")),
      await settle(() => subtle.decrypt({ name: "RSA-OAEP" }, key, unhex("${data}")))];`;
  for (const [one, other] of [[inGuest, inDeno], [inDeno, inGuest]]) {
    const [spki, pkcs8] = await one(make) as [string, string];
    const data = await other(encrypt(spki)) as string;
    assert.deepEqual(await one(decrypt(pkcs8, data)), await other(decrypt(pkcs8, data)));
  }
});

const generated: Case[] = [
  ...SIGNERS.map(([label, key]): Case => [
    `${label}: what a new pair says of itself`,
    `return await subtle.generateKey(${key}, false, ["verify", "sign"]);`,
  ]),
  ...AGREEMENTS.map(([label, key]): Case => [
    `${label}: what a new pair says of itself`,
    `return await subtle.generateKey(${key}, false, ["deriveKey"]);`,
  ]),
];
testBesideDeno(generated);
