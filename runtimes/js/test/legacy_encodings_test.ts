import assert from "node:assert/strict";
import { deploy } from "./host.ts";

const ENCODINGS = [
  ...["big5", "euc-jp", "euc-kr", "gb18030", "gbk", "iso-2022-jp", "shift_jis", "utf-16be", "utf-16le"],
  ...["iso-8859-8-i", "koi8-u", "macintosh", "windows-1252", "windows-874", "x-mac-cyrillic", "x-user-defined"],
];

/** The same numbers each time. */
function* numbers(seed: number): Generator<number, never> {
  for (;;) yield (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) >>> 16;
}

function allPairs(): Uint8Array<ArrayBuffer> {
  const pairs: number[] = [];
  for (let lead = 0; lead < 256; lead++) {
    for (let trail = 0x20; trail < 256; trail++) pairs.push(lead, trail, 0x0a);
  }
  return Uint8Array.from(pairs);
}

/** Bytes as a careless sender mixes them, escapes included. */
function noise(length: number): Uint8Array<ArrayBuffer> {
  const next = numbers(7);
  const telling = [0x1b, 0x24, 0x28, 0x42, 0x4a, 0x49, 0x40, 0x8e, 0x8f, 0x81, 0x30, 0x80, 0xff, 0x5c, 0x7e];
  return Uint8Array.from({ length }, () => {
    const number = next.next().value;
    return number & 1 ? telling[(number >> 1) % telling.length] : number >> 1;
  });
}

const decoding = (pieces: string) => `
  export default async (req) => {
    const bytes = await req.bytes();
    const decoder = new TextDecoder(new URL(req.url).searchParams.get("encoding"));
    let text = "";
    ${pieces}
    return new Response(text + decoder.decode());
  };`;

for (const encoding of ENCODINGS) {
  Deno.test(`${encoding} is decoded as Deno decodes it`, async () => {
    const func = await deploy(decoding("text = decoder.decode(bytes, { stream: true });"));
    for (const bytes of [allPairs(), noise(50_000)]) {
      const url = `http://localhost/?encoding=${encoding}`;
      assert.equal(func.call({ url, body: bytes }).text, new TextDecoder(encoding).decode(bytes).toWellFormed());
    }
  });

  Deno.test(`${encoding} may come in pieces`, async () => {
    const func = await deploy(
      decoding(
        "for (let i = 0; i < bytes.length; i += 3) text += decoder.decode(bytes.subarray(i, i + 3), { stream: true });",
      ),
    );
    const bytes = noise(5000);
    const { text } = func.call({ url: `http://localhost/?encoding=${encoding}`, body: bytes });
    assert.equal(text, new TextDecoder(encoding).decode(bytes));
  });
}
