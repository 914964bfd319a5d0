/** Work of several kinds, the same in any Deno: hashing, compression, regular expressions, dates, WebAssembly, node:. */
import { createHash, scryptSync } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";

const ADD = new Uint8Array([
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 7, 1, 96, 2, 127, 127, 1, 127, 3, 2, 1, 0, 7, 7, 1, 3, 97, 100, 100, 0, 0],
  ...[10, 9, 1, 7, 0, 32, 0, 32, 1, 106, 11],
]);
const { instance } = await WebAssembly.instantiate(ADD);

function primes(below: number): number {
  const sieve = new Uint8Array(below).fill(1);
  let count = 0;
  for (let n = 2; n < below; n++) {
    if (!sieve[n]) continue;
    count++;
    for (let multiple = n * n; multiple < below; multiple += n) sieve[multiple] = 0;
  }
  return count;
}

export async function results(): Promise<Record<string, unknown>> {
  const text = Array.from({ length: 2000 }, (_, n) => `line ${n} of a log`).join("\n");
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  const key = await crypto.subtle.importKey("raw", new Uint8Array(32), "AES-GCM", false, ["encrypt"]);
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv: new Uint8Array(12) }, key, new Uint8Array(64));
  return {
    primes: primes(200_000),
    digest: Array.from(new Uint8Array(digest).subarray(0, 8)),
    sealed: Array.from(new Uint8Array(sealed).subarray(0, 8)),
    scrypt: scryptSync("mayfly", "salt", 16).toString("hex"),
    md5: createHash("md5").update(text).digest("hex"),
    zipped: gunzipSync(gzipSync(text)).toString() === text,
    words: [...text.matchAll(/\d+ of/g)].length,
    number: new Intl.NumberFormat("de-DE", { style: "currency", currency: "EUR" }).format(1234567.891),
    date: new Intl.DateTimeFormat("ja-JP", { dateStyle: "full", timeZone: "UTC" }).format(new Date(0)),
    sorted: ["ä", "z", "a"].sort(new Intl.Collator("sv").compare),
    sum: (instance.exports.add as (a: number, b: number) => number)(40, 2),
    cloned: structuredClone(new Map([["a", new Set([1n])]])).get("a")!.size,
  };
}

export default async () => Response.json(await results());
