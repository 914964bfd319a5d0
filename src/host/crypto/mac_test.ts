import assert from "node:assert/strict";
import { HASHES } from "./keys.ts";
import { isShort, sign, verify } from "./mac.ts";

const data = crypto.getRandomValues(new Uint8Array(1000));

Deno.test("short data has the HMAC that Web Crypto makes, with every hash and any key", async () => {
  for (const hash of HASHES) {
    for (const length of [1, 32, 64, 200, 1000]) {
      const key = crypto.getRandomValues(new Uint8Array(length));
      const imported = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash }, false, ["sign"]);
      const wanted = new Uint8Array(await crypto.subtle.sign("HMAC", imported, data));
      assert.deepEqual(sign({ hash, key }, data), wanted, `${hash}, ${length}`);
      assert.ok(verify({ hash, key }, wanted, data));
    }
  }
});

Deno.test("a signature that is changed, too short or too long is none", () => {
  const mac = { hash: "SHA-256", key: new Uint8Array(32) } as const;
  const signature = sign(mac, data);
  const changed = signature.with(31, signature[31] ^ 1);
  const long = new Uint8Array([...signature, 0]);
  for (const wrong of [changed, signature.slice(0, 31), long, new Uint8Array()]) {
    assert.equal(verify(mac, wrong as Uint8Array<ArrayBuffer>, data), false);
  }
});

Deno.test("long data and keys without bytes are left to Web Crypto", () => {
  const key = new Uint8Array(32);
  assert.ok(isShort({ hash: "SHA-256", key }, data));
  assert.ok(!isShort({ hash: "SHA-256", key }, new Uint8Array(100_000)));
  assert.ok(!isShort({ hash: "SHA-256", key: new Uint8Array() }, data));
});
