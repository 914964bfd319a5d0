/** The engine's own hashes, beside those of node:crypto. */
import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { bundleLibrary } from "../build.ts";
import { deploy } from "./host.ts";
import { engineFiles, Sandbox } from "./sandbox.ts";

const NAMES: Record<string, string> = {
  "MD5": "md5",
  "SHA-1": "sha1",
  "SHA-224": "sha224",
  "SHA-256": "sha256",
  "SHA-384": "sha384",
  "SHA-512": "sha512",
  "SHA3-224": "sha3-224",
  "SHA3-256": "sha3-256",
  "SHA3-384": "sha3-384",
  "SHA3-512": "sha3-512",
};
/** Around the ends of blocks of all sizes, and of what their padding needs. */
const LENGTHS = [
  0,
  1,
  55,
  56,
  63,
  64,
  65,
  71,
  72,
  73,
  103,
  104,
  105,
  111,
  112,
  127,
  128,
  129,
  135,
  136,
  143,
  144,
  145,
  5000,
];
const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => 7 * i);

async function evaluate(code: string): Promise<unknown> {
  const folder = await Deno.makeTempDir();
  try {
    const bundle = `${folder}/library.js`;
    await bundleLibrary(bundle, { entry: "../test/library_with_hash.ts" });
    const { wasm } = await engineFiles();
    const image = Sandbox.boot({ wasm, library: await Deno.readFile(bundle) }).snapshot();
    const func = await deploy(
      `const bytes = (length) => Uint8Array.from({ length }, (_, i) => 7 * i);
       export default () => Response.json((() => { ${code} })());`,
      { image },
    );
    const answer = func.call();
    assert.equal(answer.status, 200, answer.exit?.text);
    return JSON.parse(answer.text);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const lists = `const names = ${JSON.stringify(Object.keys(NAMES))}, lengths = ${JSON.stringify(LENGTHS)};`;

Deno.test("every hash of every length, given at once or byte by byte", async () => {
  const hashes = await evaluate(`${lists} return names.map((name) => lengths.map((length) => {
    const one = new Hash(name).update(bytes(length));
    const all = bytes(length);
    const many = new Hash(name);
    for (let at = 0; at < length; at += 37) many.update(all.subarray(at, at + 37));
    return [one.digest().toHex(), many.digest().toHex(), many.copy().update(bytes(9)).digest().toHex(), many.digest().toHex()];
  }));`);
  const expected = Object.values(NAMES).map((name) =>
    LENGTHS.map((length) => {
      const hash = createHash(name).update(bytes(length)).digest("hex");
      return [hash, hash, createHash(name).update(bytes(length)).update(bytes(9)).digest("hex"), hash];
    })
  );
  assert.deepEqual(hashes, expected);
});

Deno.test("a keyed hash of every kind, with short and long keys", async () => {
  const hashes = await evaluate(`${lists} return names.map((name) => [0, 1, 64, 65, 136, 144, 300].map((length) =>
    new Hmac(name, bytes(length)).update(bytes(10)).update(bytes(200)).digest().toHex()));`);
  const expected = Object.values(NAMES).map((name) =>
    [0, 1, 64, 65, 136, 144, 300].map((length) =>
      createHmac(name, bytes(length)).update(bytes(10)).update(bytes(200)).digest("hex")
    )
  );
  assert.deepEqual(hashes, expected);
});

Deno.test("an array whose buffer shrank or is gone has no bytes", async () => {
  const hashes = await evaluate(`
    const resizable = new ArrayBuffer(64, { maxByteLength: 128 });
    const arrays = [new Uint8Array(resizable, 32, 32), new Uint8Array(resizable)];
    resizable.resize(16);
    const gone = new Uint8Array(64);
    gone.buffer.transfer();
    return [...arrays, gone].map((array) => new Hash("SHA-1").update(array).digest().toHex());`);
  const of = (length: number) => createHash("sha1").update(new Uint8Array(length)).digest("hex");
  assert.deepEqual(hashes, [of(0), of(16), of(0)]);
});
