import assert from "node:assert/strict";
import { testExpressions, throws } from "./expressions.ts";
import { deploy } from "./host.ts";

/** Byte sequences that are broken UTF-8 in every way there is. */
Deno.test("broken UTF-8 decodes as Deno decodes it, whole and in pieces", async () => {
  const samples: number[][] = [[]];
  const bytes = [
    0x41,
    0x7f,
    0x80,
    0xbf,
    0xc0,
    0xc2,
    0xdf,
    0xe0,
    0xa0,
    0x9f,
    0xed,
    0xef,
    0xbb,
    0xf0,
    0x90,
    0x8f,
    0xf4,
    0xf5,
    0xff,
  ];
  for (const a of bytes) {
    samples.push([a], [a, 0x41]);
    for (const b of bytes) {
      samples.push([a, b], [a, b, 0x41]);
      for (const c of [0x80, 0xbf, 0xc2, 0x41]) samples.push([a, b, c], [a, b, c, 0x80], [a, b, c, 0xbf, 0x80]);
    }
  }
  const func = await deploy(`export default async (req) => Response.json((await req.json()).map((sample) => {
    const bytes = new Uint8Array(sample);
    const whole = new TextDecoder().decode(bytes);
    const decoder = new TextDecoder();
    let pieces = ""; for (const byte of bytes) pieces += decoder.decode(new Uint8Array([byte]), { stream: true });
    pieces += decoder.decode();
    let fatal = true; try { new TextDecoder("utf-8", { fatal: true }).decode(bytes); } catch { fatal = false; }
    return [whole, pieces, fatal];
  }));`);
  const decoded = JSON.parse(func.call({ body: JSON.stringify(samples) }).text);
  samples.forEach((sample, i) => {
    const input = new Uint8Array(sample);
    const expected = new TextDecoder().decode(input);
    assert.deepEqual(decoded[i].slice(0, 2), [expected, expected], `[${sample}]`);
    let valid = true;
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(input);
    } catch {
      valid = false;
    }
    assert.equal(decoded[i][2], valid, `[${sample}]`);
  });
});

testExpressions([
  ["encode gives UTF-8", `[...new TextEncoder().encode("aé€😀")]`, [97, 195, 169, 226, 130, 172, 240, 159, 152, 128]],
  ["encode replaces lone surrogates", `[...new TextEncoder().encode("\\udc00a\\ud800")]`, [
    239,
    191,
    189,
    97,
    239,
    191,
    189,
  ]],
  ["encode of nothing is empty", `new TextEncoder().encode().length`, 0],
  [
    "encodeInto stops before a character that does not fit",
    `const t = new Uint8Array(4); const r = new TextEncoder().encodeInto("a€é", t); return [r, [...t]]`,
    [{ read: 2, written: 4 }, [97, 226, 130, 172]],
  ],
  ["encodeInto counts surrogate pairs as two", `new TextEncoder().encodeInto("😀😀", new Uint8Array(7))`, {
    read: 2,
    written: 4,
  }],
  ["encodeInto wants an Uint8Array", `new TextEncoder().encodeInto("a", [])`, throws("TypeError")],
  [
    "labels name encodings",
    `["utf8", " UTF-8\\n", "latin1", "ascii", "iso-8859-1", "utf-16", "unicode"].map((l) => new TextDecoder(l).encoding)`,
    ["utf-8", "utf-8", "windows-1252", "windows-1252", "windows-1252", "utf-16le", "utf-16le"],
  ],
  ["an unknown label is a RangeError", `new TextDecoder("nonsense")`, throws("RangeError")],
  [
    "windows-1252 has its own characters from 0x80",
    `new TextDecoder("latin1").decode(new Uint8Array([0x41, 0x80, 0x81, 0x9f, 0xa0, 0xe9, 0xff]))`,
    "A\u20ac\x81\u0178\xa0\xe9\xff",
  ],
  [
    "utf-16le decodes, in pieces too",
    `const d = new TextDecoder("utf-16le"); return d.decode(new Uint8Array([0x41]), { stream: true }) + d.decode(new Uint8Array([0, 0x3d, 0xd8, 0]), { stream: true }) + d.decode(new Uint8Array([0xde]))`,
    "A😀",
  ],
  [
    "a lone surrogate in utf-16le becomes U+FFFD",
    `new TextDecoder("utf-16le").decode(new Uint8Array([0, 0xd8, 0x41, 0, 0x42]))`,
    "\ufffdA\ufffd",
  ],
  [
    "the byte order mark is dropped, unless it is wanted",
    `const b = new Uint8Array([0xef, 0xbb, 0xbf, 0x61]); return [new TextDecoder().decode(b), new TextDecoder("utf-8", { ignoreBOM: true }).decode(b)]`,
    ["a", "\ufeffa"],
  ],
  [
    "a byte order mark in pieces is dropped once",
    `const d = new TextDecoder(); const s = { stream: true }; return d.decode(new Uint8Array([0xef, 0xbb]), s) + d.decode(new Uint8Array([0xbf, 0x61]), s) + d.decode(new Uint8Array([0xef, 0xbb, 0xbf]))`,
    "a\ufeff",
  ],
  [
    "fatal is a TypeError, and starts anew",
    `const d = new TextDecoder("utf-8", { fatal: true }); let name; try { d.decode(new Uint8Array([0xff])) } catch (e) { name = e.name } return [name, d.decode(new Uint8Array([0x61])), d.fatal]`,
    ["TypeError", "a", true],
  ],
  [
    "fatal at the end of a stream",
    `const d = new TextDecoder("utf-8", { fatal: true }); d.decode(new Uint8Array([0xe2]), { stream: true }); return d.decode()`,
    throws("TypeError"),
  ],
  [
    "any buffer will do",
    `const b = new Uint8Array([97, 98, 99]); return [new TextDecoder().decode(b.buffer), new TextDecoder().decode(new DataView(b.buffer, 1)), new TextDecoder().decode(new Uint16Array([0x6261]))]`,
    ["abc", "bc", "ab"],
  ],
  ["what is no buffer is a TypeError", `new TextDecoder().decode("a")`, throws("TypeError")],
  ["atob and btoa", `[btoa("hé"), atob("aOk="), atob(" aGk ")]`, ["aOk=", "hé", "hi"]],
  ["btoa beyond Latin-1 is an InvalidCharacterError", `btoa("€")`, throws("InvalidCharacterError")],
  ["atob of nonsense is an InvalidCharacterError", `atob("*")`, throws("InvalidCharacterError")],
  [
    "TextDecoderStream puts characters together",
    `const s = new TextDecoderStream(); const w = s.writable.getWriter(); w.write(new Uint8Array([0xe2, 0x82])); w.write(new Uint8Array([0xac, 0x61])); w.close(); let t = ""; for await (const p of s.readable) t += p; return t`,
    "€a",
  ],
  [
    "TextEncoderStream puts surrogates together",
    `const s = new TextEncoderStream(); const w = s.writable.getWriter(); w.write("a\\ud83d"); w.write("\\ude00"); w.close(); const all = []; for await (const p of s.readable) all.push(...p); return new TextDecoder().decode(new Uint8Array(all))`,
    "a😀",
  ],
]);
