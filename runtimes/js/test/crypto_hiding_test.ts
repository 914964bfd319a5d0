/** A key's bytes are nobody's: whatever a function makes of the prototypes, it does not see them go by. */
import assert from "node:assert/strict";
import { inGuest } from "./crypto_host.ts";

/** Looks at everything that patched built-ins are given, for bytes or text with the secret in it. */
const SPY = `
  const SECRET = [231, 17, 99, 254, 3, 88, 190, 41, 7, 65, 212, 130, 76, 5, 19, 240];
  const seen = [];
  const describe = Reflect.getOwnPropertyDescriptor;
  const isBytes = ArrayBuffer.isView;
  const holds = (value) => {
    if (!isBytes(value)) return false;
    for (let at = 0; at + 16 <= value.length; at++) {
      let i = 0;
      while (i < 16 && value[at + i] === SECRET[i]) i++;
      if (i === 16) return true;
    }
    return false;
  };
  let watching = false;
  const examine = (name, value) => {
    const parts = typeof value === "object" && value !== null && !isBytes(value) ? valuesOf(value) : null;
    if (holds(value)) seen[seen.length] = name;
    for (let i = 0; parts !== null && i < parts.length; i++) if (holds(parts[i])) seen[seen.length] = name;
  };
  const look = (name, self, args) => {
    if (!watching) return;
    watching = false;
    examine(name, self);
    for (let i = 0; i < args.length; i++) examine(name, args[i]);
    watching = true;
  };
  const patch = (target, name, key) => {
    const descriptor = describe(target, key);
    if (!descriptor || !descriptor.configurable) return;
    const label = name + "." + String(key);
    for (const slot of ["value", "get", "set"]) {
      const original = descriptor[slot];
      if (typeof original !== "function" || key === "constructor") continue;
      descriptor[slot] = function (...args) {
        look(label, this, args);
        return apply(original, this, args);
      };
    }
    define(target, key, descriptor);
  };
  const TypedArray = Object.getPrototypeOf(Uint8Array);
  const { apply } = Reflect;
  const define = Object.defineProperty;
  const valuesOf = Object.values;
  const spyOnAll = () => {
    const targets = { Array: Array.prototype, TypedArray: TypedArray.prototype, Uint8Array: Uint8Array.prototype,
      ArrayBuffer: ArrayBuffer.prototype, Map: Map.prototype, Promise: Promise.prototype, String: String.prototype,
      ArrayIterator: Object.getPrototypeOf([][Symbol.iterator]()), JSON, Object, Reflect, Uint8ArrayStatic: Uint8Array,
      ArrayStatic: Array, PromiseStatic: Promise, ArrayBufferStatic: ArrayBuffer };
    for (const [name, target] of Object.entries(targets)) {
      if (name === "Reflect") continue;
      for (const key of Reflect.ownKeys(target)) if (key !== "prototype") patch(target, name, key);
    }
    for (const key of ["then", "toJSON"]) {
      define(Object.prototype, key, { configurable: true, get() { look("Object.prototype." + key, this, []); } });
    }
  };`;

Deno.test("no patched built-in sees the bytes of a key that is not extractable", async () => {
  const seen = await inGuest(`${SPY}
    const secret = Uint8Array.from(SECRET);
    const wrapping = await subtle.importKey("raw", range(16), "AES-KW", false, ["wrapKey", "unwrapKey"]);
    const carrier = await subtle.importKey("raw", secret, "AES-GCM", true, ["encrypt"]);
    const wrapped = await subtle.wrapKey("raw", carrier, wrapping, "AES-KW");
    const hmac = await subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);
    const aes = await subtle.importKey("raw", secret, "AES-GCM", false, ["encrypt", "decrypt", "wrapKey"]);
    const base = await subtle.importKey("raw", secret, "HKDF", false, ["deriveBits", "deriveKey"]);
    const pair = await subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
    spyOnAll();
    watching = true;
    [].concat(secret);
    watching = false;
    const works = seen.length > 0;
    seen.length = 0;
    watching = true;
    const signature = await subtle.sign("HMAC", hmac, range(10));
    await subtle.verify("HMAC", hmac, signature, range(10));
    const algorithm = { name: "AES-GCM", iv: range(12) };
    await subtle.decrypt(algorithm, aes, await subtle.encrypt(algorithm, aes, range(100)));
    await subtle.encrypt(algorithm, aes, new Uint8Array(100_000));
    await subtle.wrapKey("raw", pair.publicKey, aes, algorithm);
    const hkdf = { name: "HKDF", hash: "SHA-256", salt: range(1), info: range(1) };
    await subtle.deriveBits(hkdf, base, 128);
    await subtle.deriveKey(hkdf, base, { name: "AES-GCM", length: 128 }, false, ["encrypt"]);
    await subtle.unwrapKey("raw", wrapped, wrapping, "AES-KW", "AES-GCM", false, ["encrypt"]);
    structuredClone(hmac);
    watching = false;
    return [works, [...new Set(seen)]];`);
  assert.deepEqual(seen, [true, []]);
});

Deno.test("a key that is not extractable shows nothing of its bytes", async () => {
  const seen = await inGuest(`
    const key = await subtle.importKey("raw", range(16), "AES-GCM", false, ["encrypt"]);
    return [Reflect.ownKeys(key), JSON.stringify(key), await settle(() => subtle.exportKey("raw", key)),
      await settle(() => subtle.exportKey("jwk", key)), Object.keys(Object.assign({}, key))];`);
  assert.deepEqual(seen, [[], "{}", { thrown: "InvalidAccessError" }, { thrown: "InvalidAccessError" }, []]);
});
