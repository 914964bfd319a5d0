/** What crypto.subtle answers where the answer is certain: the same as in Deno. */
import { type Case, testBesideDeno } from "./crypto_host.ts";

const secret = (name: string, usage: string) =>
  `await subtle.importKey("raw", range(32), ${JSON.stringify(name)}, true, ["${usage}"])`;
const HASHES = ["SHA-1", "SHA-256", "SHA-384", "SHA-512", "SHA3-256", "SHA3-384", "SHA3-512"];
const LENGTHS = "[0, 1, 3, 55, 56, 63, 64, 65, 111, 112, 127, 128, 129, 135, 136, 143, 144, 1000, 70000]";

const digests: Case[] = HASHES.map((hash) => [
  `${hash} of data of many lengths`,
  `return await Promise.all(${LENGTHS}.map((n) => subtle.digest("${hash}", range(n))));`,
]);

const derivations: Case[] = HASHES.slice(0, 4).flatMap((hash): Case[] => [
  [
    `PBKDF2 with ${hash}`,
    `const key = ${secret("PBKDF2", "deriveBits").replace("true", "false")};
     return await subtle.deriveBits({ name: "PBKDF2", hash: "${hash}", salt: range(16), iterations: 1000 }, key, 512);`,
  ],
  [
    `HKDF with ${hash}`,
    `const key = ${secret("HKDF", "deriveBits").replace("true", "false")};
     const params = { name: "HKDF", hash: "${hash}", salt: range(9), info: utf8("info") };
     return [await subtle.deriveBits(params, key, 8), await subtle.deriveBits(params, key, 1024)];`,
  ],
  [
    `HMAC with ${hash}, of short and long keys`,
    `const values = [];
     for (const length of [1, 64, 128, 300]) {
       const algorithm = { name: "HMAC", hash: "${hash}" };
       const key = await subtle.importKey("raw", range(length), algorithm, false, ["sign", "verify"]);
       const signature = await subtle.sign("HMAC", key, range(500));
       values.push(signature, await subtle.verify("HMAC", key, signature, range(500)),
         await subtle.verify("HMAC", key, signature, range(501)), await subtle.verify("HMAC", key, range(3), range(500)));
     }
     return values;`,
  ],
]);

const AES = [
  `{ name: "AES-GCM", iv: range(12) }`,
  `{ name: "AES-GCM", iv: range(16), additionalData: range(20), tagLength: 128 }`,
  `{ name: "AES-CBC", iv: range(16) }`,
  `{ name: "AES-CTR", counter: new Uint8Array(16).fill(255), length: 64 }`,
  `{ name: "AES-CTR", counter: range(16), length: 128 }`,
];

const ciphers: Case[] = AES.flatMap((algorithm): Case[] => [
  [
    `${algorithm} of data of many lengths, there and back`,
    `const algorithm = ${algorithm};
     const key = await subtle.importKey("raw", range(32), algorithm.name, false, ["encrypt", "decrypt"]);
     const values = [];
     for (const n of [0, 1, 15, 16, 17, 1000, 65024, 65536, 65537, 200000]) {
       const data = await subtle.encrypt(algorithm, key, range(n));
       const back = new Uint8Array(await subtle.decrypt(algorithm, key, data));
       values.push(data.byteLength, await subtle.digest("SHA-256", data), back.every((byte, i) => byte === i % 256));
     }
     return values;`,
  ],
  [
    `${algorithm} of data that nobody encrypted`,
    `const algorithm = ${algorithm};
     const key = await subtle.importKey("raw", range(16), algorithm.name, false, ["decrypt"]);
     const values = [];
     for (const n of [0, 3, 16, 64]) values.push(await settle(() => subtle.decrypt(algorithm, key, range(n))));
     return values;`,
  ],
]);

const others: Case[] = [
  [
    "much data is carried in pieces, and computed apart",
    `const key = await subtle.importKey("raw", range(16), "AES-GCM", false, ["encrypt", "decrypt"]);
     const algorithm = { name: "AES-GCM", iv: range(12) };
     const data = await subtle.encrypt(algorithm, key, new Uint8Array(5_000_000).fill(7));
     const back = new Uint8Array(await subtle.decrypt(algorithm, key, data));
     return [data.byteLength, await subtle.digest("SHA-256", data), back.length, back[4_999_999]];`,
  ],
  [
    "several large calls at once do not mix",
    `const key = await subtle.importKey("raw", range(16), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
     return await Promise.all([1, 2, 3].map((i) => subtle.sign("HMAC", key, new Uint8Array(200_000 + i).fill(i))));`,
  ],
  [
    "AES-KW wraps and unwraps",
    `const key = await subtle.importKey("raw", range(32), "AES-KW", false, ["wrapKey", "unwrapKey"]);
     const own = await subtle.importKey("raw", range(16), "AES-GCM", true, ["encrypt"]);
     const wrapped = await subtle.wrapKey("raw", own, key, "AES-KW");
     const back = await subtle.unwrapKey("raw", wrapped, key, "AES-KW", "AES-CBC", true, ["decrypt"]);
     new Uint8Array(wrapped)[0] ^= 1;
     const broken = await settle(() => subtle.unwrapKey("raw", wrapped, key, "AES-KW", "AES-CBC", true, ["decrypt"]));
     return [wrapped, back, await subtle.exportKey("raw", back), broken];`,
  ],
  [
    "a key is wrapped as JSON too",
    `const key = await subtle.importKey("raw", range(32), "AES-GCM", false, ["wrapKey", "unwrapKey"]);
     const algorithm = { name: "AES-GCM", iv: range(12) };
     const own = await subtle.importKey("raw", range(16), { name: "HMAC", hash: "SHA-1" }, true, ["sign"]);
     const wrapped = await subtle.wrapKey("jwk", own, key, algorithm);
     const target = { name: "HMAC", hash: "SHA-1" };
     return [wrapped, await subtle.unwrapKey("jwk", wrapped, key, algorithm, target, false, ["sign"])];`,
  ],
  [
    "keys are derived",
    `const key = await subtle.importKey("raw", utf8("password"), "PBKDF2", false, ["deriveKey"]);
     const params = { name: "PBKDF2", hash: "SHA-256", salt: range(16), iterations: 10 };
     const targets = [
       [{ name: "AES-GCM", length: 192 }, ["encrypt"]], [{ name: "HMAC", hash: "SHA-384" }, ["sign"]],
       [{ name: "HMAC", hash: "SHA-1", length: 160 }, ["verify"]],
     ];
     const values = [];
     for (const [target, usages] of targets) {
       const derived = await subtle.deriveKey(params, key, target, true, usages);
       values.push(derived, await subtle.exportKey("raw", derived), await subtle.exportKey("jwk", derived));
     }
     return values;`,
  ],
  [
    "secrets come and go as JSON",
    `const jwk = { kty: "oct", k: "AAECAwQFBgcICQoLDA0ODw", alg: "A128GCM", ext: true, key_ops: ["encrypt", "decrypt"] };
     const key = await subtle.importKey("jwk", jwk, "AES-GCM", true, ["encrypt", "decrypt"]);
     return [key, await subtle.exportKey("jwk", key), await subtle.exportKey("raw", key)];`,
  ],
  [
    "getters of the algorithm run before the data is copied",
    `const data = range(4);
     const algorithm = { get name() { data[0] = 9; return "sha-256"; } };
     return await subtle.digest(algorithm, data);`,
  ],
  [
    "what becomes of the data after the call is no matter",
    `const key = await subtle.importKey("raw", range(16), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
     const data = range(100);
     const signature = subtle.sign("HMAC", key, data);
     data.fill(0);
     structuredClone(data.buffer, { transfer: [data.buffer] });
     return await signature;`,
  ],
  [
    "views, resizable and detached buffers",
    `const resizable = new ArrayBuffer(8, { maxByteLength: 16 });
     const view = new Uint8Array(resizable);
     view.set(range(8));
     const values = [await subtle.digest("SHA-1", view), await subtle.digest("SHA-1", resizable)];
     resizable.resize(4);
     values.push(await subtle.digest("SHA-1", view), await subtle.digest("SHA-1", resizable));
     values.push(await subtle.digest("SHA-1", new DataView(range(20).buffer, 3, 5)));
     values.push(await subtle.digest("SHA-1", new Uint16Array(range(20).buffer, 4, 2)));
     const gone = new ArrayBuffer(8);
     const goneView = new Uint8Array(gone);
     gone.transfer();
     values.push(await subtle.digest("SHA-1", gone), await subtle.digest("SHA-1", goneView));
     return values;`,
  ],
  [
    "a key can be cloned, and is the same",
    `const key = await subtle.importKey("raw", range(16), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
     const { inner } = structuredClone({ inner: key });
     return [inner, inner !== key, inner instanceof CryptoKey, await subtle.sign("HMAC", inner, range(3))];`,
  ],
  [
    "the interfaces look as Web IDL has them",
    `const names = ["encrypt", "decrypt", "sign", "verify", "digest", "generateKey", "deriveKey", "deriveBits", "importKey",
       "exportKey", "wrapKey", "unwrapKey"];
     const describe = (target, name) => {
       const { value, get, ...rest } = Object.getOwnPropertyDescriptor(target, name);
       return { ...rest, length: (value ?? get).length };
     };
     return [
       names.map((name) => describe(SubtleCrypto.prototype, name)),
       ["type", "extractable", "algorithm", "usages"].map((name) => describe(CryptoKey.prototype, name)),
       describe(Crypto.prototype, "subtle"), String(crypto), String(crypto.subtle), crypto.subtle === crypto.subtle,
       await settle(() => new Crypto()), await settle(() => new SubtleCrypto()), await settle(() => new CryptoKey()),
       await settle(() => SubtleCrypto.prototype.digest.call({}, "SHA-1", range(1))),
       await settle(() => crypto.subtle.digest("SHA-1")), CryptoKey.length, SubtleCrypto.length,
     ];`,
  ],
];

testBesideDeno([...digests, ...derivations, ...ciphers, ...others]);
