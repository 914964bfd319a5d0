import assert from "node:assert/strict";
import { systemClock } from "../../clock.ts";
import { HOME } from "../../types.ts";
import { CryptoHost } from "./crypto_host.ts";
import { CRYPTO_BOUNDS } from "./bounds.ts";
import { CryptoOperation } from "./operations.ts";
import { numberPart, packParts, textPart } from "./parts.ts";
import type { HostSession } from "../host.ts";

type Bytes = Uint8Array<ArrayBuffer>;
const EMPTY = new Uint8Array();

function openHost(charge: (cpuMs: number) => void = () => {}) {
  const host = new CryptoHost({ clock: systemClock, cores: 2 });
  const open = (name = "asks") =>
    host.open({ function: { tenant: HOME, name }, net: "none", requestId: "r", deadlineMs: Infinity, charge });
  return { host, open, [Symbol.dispose]: () => host.close() };
}

const derivation = (iterations: number, bits: number): Bytes =>
  packParts([textPart("PBKDF2"), textPart("SHA-256"), EMPTY, numberPart(iterations), numberPart(bits), textPart("pw")]);

const mac = (data: Bytes): Bytes => packParts([textPart("HMAC"), textPart("SHA-256"), textPart("key"), data]);

Deno.test("PBKDF2 is bounded in its iterations, of a block and in all, and in its length", async () => {
  using server = openHost();
  const session = server.open();
  const derive = (iterations: number, bits: number) =>
    session.call(CryptoOperation.DERIVE, derivation(iterations, bits));
  assert.equal((await derive(1000, 256)).length, 32);
  await assert.rejects(derive(2 ** 31, 256), { message: /2000000 is the most here/ });
  await assert.rejects(derive(2_000_000, 1024), { message: /8000000 in all, 4000000 is the most/ });
  await assert.rejects(derive(1, 2 ** 31), { message: /Cannot derive 2147483648 bits/ });
});

Deno.test("RSA keys are bounded when they are made and when they come", async () => {
  using server = openHost();
  const session = server.open();
  const make = (bits: number, exponent: number[]) =>
    session.call(
      CryptoOperation.GENERATE,
      packParts([textPart("RSA-PSS"), textPart("SHA-256"), numberPart(bits), Uint8Array.from(exponent)]),
    );
  await assert.rejects(make(65_536, [1, 0, 1]), { message: /RSA key of 65536 bits: 4096 is the most/ });
  await assert.rejects(make(2 ** 32 - 1, [1, 0, 1]), { message: /4096 is the most/ });
  await assert.rejects(make(1024, [255, 255, 255, 255, 255]), { message: /exponent/ });
  await assert.rejects(make(1024, [2]), { message: /exponent/ });
  const key = new Uint8Array(CRYPTO_BOUNDS.keyBytes + 1);
  const parts = [textPart("RSA-PSS"), textPart("SHA-256"), textPart("public"), textPart("spki"), key];
  await assert.rejects(session.call(CryptoOperation.IMPORT, packParts(parts)), { message: /16384 is the most/ });
  const modulus = "A" + "_".repeat(8192 / 6);
  const jwk = JSON.stringify({ kty: "RSA", n: modulus, e: "AQAB" });
  const large = [textPart("RSA-PSS"), textPart("SHA-256"), textPart("public"), textPart("jwk"), textPart(jwk)];
  await assert.rejects(session.call(CryptoOperation.IMPORT, packParts(large)), Error);
});

const rsaParameters = { publicExponent: Uint8Array.of(1, 0, 1) };

Deno.test("an RSA key too small for a signature is refused in every form: Deno would end with it", async () => {
  using server = openHost();
  const session = server.open();
  const name = "RSASSA-PKCS1-v1_5";
  const [algorithm, hash] = [textPart(name), textPart("SHA-512")];
  const exponent = rsaParameters.publicExponent;
  const generate = [algorithm, hash, numberPart(512), exponent];
  await assert.rejects(session.call(CryptoOperation.GENERATE, packParts(generate)), { message: /1024 is the least/ });
  const parameters = { name, hash: "SHA-512", modulusLength: 512, ...rsaParameters };
  const pair = await crypto.subtle.generateKey(parameters, true, ["sign", "verify"]) as CryptoKeyPair;
  const forms = [["private", "pkcs8", pair.privateKey], ["public", "spki", pair.publicKey]] as const;
  for (const [type, der, key] of forms) {
    const jwk = textPart(JSON.stringify(await crypto.subtle.exportKey("jwk", key)));
    const bytes = new Uint8Array(await crypto.subtle.exportKey(der, key));
    for (const [format, data] of [["jwk", jwk], [der, bytes]] as const) {
      const parts = [algorithm, hash, textPart(type), textPart(format), data];
      await assert.rejects(session.call(CryptoOperation.IMPORT, packParts(parts)), { message: /1024 is the least/ });
    }
    const isPrivate = type === "private";
    const operation = isPrivate ? CryptoOperation.SIGN : CryptoOperation.VERIFY;
    const parts = [algorithm, hash, bytes, ...(isPrivate ? [] : [new Uint8Array(64)]), EMPTY];
    await assert.rejects(session.call(operation, packParts(parts)), { message: /1024 is the least/ });
  }
});

Deno.test("a salt for which the key has no room is never made", async () => {
  using server = openHost();
  const session = server.open();
  const parameters = { name: "RSA-PSS", hash: "SHA-256", modulusLength: 1024, ...rsaParameters };
  const pair = await crypto.subtle.generateKey(parameters, true, ["sign", "verify"]) as CryptoKeyPair;
  const privateKey = new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey));
  const publicKey = new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey));
  const pss = (salt: number) => [textPart("RSA-PSS"), numberPart(salt), textPart("SHA-256")];
  const sign = (salt: number) => session.call(CryptoOperation.SIGN, packParts([...pss(salt), privateKey, EMPTY]));
  const verify = (salt: number, signature: Bytes) =>
    session.call(CryptoOperation.VERIFY, packParts([...pss(salt), publicKey, signature, EMPTY]));
  const most = 128 - 32 - 2;
  const signature = Uint8Array.from(await sign(most));
  assert.deepEqual(await verify(most, signature), Uint8Array.of(1));
  const before = Deno.memoryUsage().rss;
  for (const salt of [most + 1, 512 * 2 ** 20, 2 ** 32 - 1]) {
    await assert.rejects(sign(salt), { message: new RegExp(`salt of ${salt} bytes: ${most} is the most`) });
    assert.deepEqual(await verify(salt, signature), Uint8Array.of(0));
  }
  assert.ok(Deno.memoryUsage().rss - before < 256 * 2 ** 20);
});

Deno.test("what the host computes is charged to who asked", async () => {
  let charged = 0;
  using server = openHost((cpuMs) => charged += cpuMs);
  await server.open().call(CryptoOperation.DERIVE, derivation(50_000, 256));
  assert.ok(charged > 1, `${charged} ms`);
});

Deno.test("nobody is charged for a sandbox that is gone, and what it had waiting is dropped", async () => {
  let charged = 0;
  using server = openHost((cpuMs) => charged += cpuMs);
  const session = server.open();
  const calls = Array.from({ length: 50 }, () => session.call(CryptoOperation.DERIVE, derivation(100_000, 256)));
  session.close();
  const settled = await Promise.allSettled(calls);
  assert.ok(settled.filter(({ status }) => status === "rejected").length >= 49);
  assert.equal(charged, 0);
  assert.equal(server.host.heldBytes, 0);
});

Deno.test("a function with much to compute does not keep the others from their turn", async () => {
  using server = openHost();
  const greedy = server.open("greedy");
  const ended: string[] = [];
  const flood = Array.from(
    { length: 20 },
    () => greedy.call(CryptoOperation.DERIVE, derivation(20_000, 256)).then(() => ended.push("greedy")),
  );
  await server.open("modest").call(CryptoOperation.DERIVE, derivation(1, 256)).then(() => ended.push("modest"));
  assert.ok(ended.indexOf("modest") <= 2, ended.join());
  await server.open("modest").call(CryptoOperation.SIGN, mac(EMPTY));
  assert.ok(ended.length < 20, "a short computation does not wait behind long ones");
  await Promise.all(flood);
});

Deno.test("10,000 calls at once are all answered, and nothing of them stays", async () => {
  using server = openHost();
  const session = server.open();
  const answers = await Promise.all(
    Array.from({ length: 10_000 }, (_, i) => session.call(CryptoOperation.SIGN, mac(Uint8Array.of(i)))),
  );
  assert.ok(answers.every(({ length }) => length === 32));
  assert.equal(server.host.heldBytes, 0);
});

Deno.test("the calls that wait are bounded", async () => {
  using server = openHost();
  const session = server.open();
  const calls = Array.from(
    { length: CRYPTO_BOUNDS.waiting + 10 },
    () => session.call(CryptoOperation.DERIVE, derivation(100, 256)),
  );
  const settled = Promise.allSettled(calls);
  await assert.rejects(calls.at(-1)!, { message: /too many calls waiting/ });
  session.close();
  await settled;
});

const word = numberPart;
const join = (...pieces: Bytes[]): Bytes => new Uint8Array(pieces.flatMap((piece) => [...piece]));

Deno.test("an argument in pieces comes to the same as a whole one", async () => {
  using server = openHost();
  const session = server.open();
  const argument = mac(new Uint8Array(700_000).fill(3));
  for (let at = 0; at < argument.length; at += 60_000) {
    await session.call(CryptoOperation.UPLOAD, join(word(9), argument.slice(at, at + 60_000)));
  }
  const answer = await session.call(CryptoOperation.RUN, join(word(9), word(CryptoOperation.SIGN)));
  const key = await crypto.subtle.importKey("raw", textPart("key"), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const expected = new Uint8Array(await crypto.subtle.sign("HMAC", key, new Uint8Array(700_000).fill(3)));
  assert.deepEqual(answer, join(word(32), expected));
  assert.equal(server.host.heldBytes, 0);
});

Deno.test("what is uploaded is bounded: of a call, of a sandbox, in pieces, in calls", async () => {
  using server = openHost();
  const session = server.open();
  const piece = new Uint8Array(65_000);
  const upload = (id: number, bytes: Bytes) => session.call(CryptoOperation.UPLOAD, join(word(id), bytes));
  const tiny = async () => {
    for (let i = 0; i < 5000; i++) await upload(1, EMPTY);
  };
  await assert.rejects(tiny(), { message: /so much data/ });
  const many = async () => {
    for (let id = 2; id < 5000; id++) await upload(id, EMPTY);
  };
  await assert.rejects(many(), { message: /too many calls are under way/ });
  const other = server.open();
  const argument = new Uint8Array(4 + piece.length);
  const flood = async () => {
    for (let i = 0; i < 10_000; i++) {
      argument[0] = i % 4;
      await other.call(CryptoOperation.UPLOAD, argument);
    }
  };
  await assert.rejects(flood(), { message: /calls already hold|so much data/ });
  assert.ok(server.host.heldBytes <= CRYPTO_BOUNDS.heldBytesPerSandbox);
  session.close();
  other.close();
  assert.equal(server.host.heldBytes, 0);
});

Deno.test("garbage is refused with an Error, whatever it is", async () => {
  using server = openHost();
  const session = server.open();
  const operations = [...Object.values(CryptoOperation), 0x1ff, 0x103];
  const names = [
    "HMAC",
    "RSA-PSS",
    "RSA-OAEP",
    "ECDSA",
    "ECDH",
    "Ed25519",
    "X25519",
    "AES-GCM",
    "AES-KW",
    "HKDF",
    "PBKDF2",
  ];
  const words = [
    ...names,
    "SHA-256",
    "P-256",
    "P-521",
    "public",
    "private",
    "spki",
    "pkcs8",
    "raw",
    "jwk",
    "__proto__",
    "",
  ];
  let seed = 1;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed % below;
  };
  const pick = <T>(list: readonly T[]): T => list[random(list.length)];
  const randomPart = (): Bytes => {
    if (random(2) === 0) return textPart(pick(words));
    if (random(3) === 0) return numberPart(pick([0, 1, 8, 256, 4096, 2 ** 31, 2 ** 32 - 1]));
    return Uint8Array.from({ length: random(70) }, () => random(256));
  };
  const attempt = async (session: HostSession) => {
    const parts = [textPart(pick(names)), ...Array.from({ length: random(8) }, randomPart)];
    const argument = random(4) === 0 ? randomPart() : packParts(parts);
    if (random(4) === 0 && argument.length > 4) argument[random(argument.length)] ^= 1 << random(8);
    try {
      assert.ok(await session.call(pick(operations), argument) instanceof Uint8Array);
    } catch (error) {
      assert.ok(error instanceof Error && error.message.length > 0);
    }
  };
  for (let i = 0; i < 20_000; i++) await attempt(session);
  session.close();
  assert.equal(server.host.heldBytes, 0);
});
