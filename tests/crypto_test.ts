import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { expectAnswer, expectError, folderFiles, sharedServer } from "./harness.ts";

const shared = sharedServer({ files: folderFiles("functions/crypto") });

Deno.test("crypto.subtle signs, verifies and hashes; a key imported at the deploy serves every request", async () => {
  const { server } = shared;
  for (const text of ["", "hello"]) {
    const { signed, mac, digest } = (await server.call(`/token?text=${text}`)).json<Record<string, unknown>>();
    assert.equal(signed, true);
    assert.deepEqual(mac, [...createHmac("sha256", "a secret of the function").update(text).digest()]);
    assert.deepEqual(digest, [...createHash("sha256").update(text).digest()]);
  }
});

Deno.test("what the host computes for a function is CPU time of the function's own", async () => {
  expectError(await shared.server.call("/greedy"), "cpu");
});

Deno.test("10,000 crypto calls of one request are all answered", async () => {
  expectAnswer(await shared.server.call("/flood"), { text: "10000" });
});

Deno.test("crypto.subtle takes data of many megabytes", async () => {
  expectAnswer(await shared.server.call("/large"), { text: "[10000016,10000000,true]" });
});

Deno.test("what would keep a thread for hours is refused at once, and others are served", async () => {
  const { server } = shared;
  const absurd = await server.call("/absurd");
  assert.deepEqual(absurd.json(), Array(6).fill("OperationError"));
  assert.equal((await server.call("/token?text=x")).status, 200);
});
