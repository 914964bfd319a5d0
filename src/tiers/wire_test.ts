import assert from "node:assert/strict";
import { FrameType, HeadFlag, LAYOUT, RequestString } from "../../ffi/layout.ts";
import { FrameReader, FrameWriter, WireError } from "./wire.ts";

const memory = () => new ArrayBuffer(256 * 1024);

function frames(ring: ArrayBuffer, length: number): { type: number; flags: number; aux: number; text: string }[] {
  const reader = new FrameReader(ring);
  const all = [];
  for (reader.begin(0, length); reader.next();) {
    all.push({ type: reader.type, flags: reader.flags, aux: reader.aux, text: reader.text() });
  }
  return all;
}

Deno.test("what the writer wrote the reader reads", () => {
  const ring = memory();
  const writer = new FrameWriter(ring);
  writer.begin(0, LAYOUT.guestInBytes);
  writer.chunk(new TextEncoder().encode("abc"));
  writer.end();
  writer.credit(7);
  writer.answer(9, true, new TextEncoder().encode("no"));
  writer.cancel();
  assert.equal(writer.length % 4, 0);
  const read = frames(ring, writer.length);
  assert.deepEqual(read.map(({ type }) => type), [
    FrameType.CHUNK,
    FrameType.END,
    FrameType.CREDIT,
    FrameType.ANSWER,
    FrameType.CANCEL,
  ]);
  assert.equal(read[0].text, "abc");
  assert.equal(read[3].text.slice(8), "no");
});

Deno.test("a head's lengths are of bytes, also beyond ASCII", () => {
  const ring = memory();
  const writer = new FrameWriter(ring);
  writer.begin(0, LAYOUT.guestInBytes);
  assert.ok(writer.head(HeadFlag.HAS_BODY, "GET", "http://h/ä", "x\n\u00ff\n", "id", '{"a":"😀"}'));
  const reader = new FrameReader(ring);
  reader.begin(0, writer.length);
  assert.ok(reader.next());
  assert.equal(reader.flags, HeadFlag.HAS_BODY);
  let at = 4 * RequestString.STRINGS;
  const strings = [0, 1, 2, 3, 4].map((i) => {
    const bytes = reader.bytes(at).subarray(0, reader.word(i));
    at += reader.word(i);
    return new TextDecoder().decode(bytes);
  });
  assert.deepEqual(strings, ["GET", "http://h/ä", "x\n\u00ff\n", "id", '{"a":"😀"}']);
  assert.equal(at, reader.length);
});

Deno.test("a head that is too long is refused, in characters and in bytes", () => {
  const writer = new FrameWriter(memory());
  for (const url of ["a".repeat(LAYOUT.headMax + 1), "\u00ff".repeat(LAYOUT.headMax - 100)]) {
    writer.begin(0, LAYOUT.guestInBytes);
    assert.ok(!writer.head(0, "GET", url, "", "", ""));
  }
});

Deno.test("frames that reach beyond their area are refused", () => {
  const ring = memory();
  const words = new Uint32Array(ring);
  for (
    const [header, length, area] of [[FrameType.LOG, 9, 16], [FrameType.LOG, 0xffffffff, 16], [FrameType.LOG, 0, 4]]
  ) {
    words[0] = header;
    words[1] = length;
    assert.throws(() => frames(ring, area), WireError);
  }
});

Deno.test("random bytes are read or refused, never more than that", () => {
  const ring = memory();
  const bytes = new Uint8Array(ring);
  for (let round = 0; round < 2000; round++) {
    crypto.getRandomValues(bytes.subarray(0, 256));
    for (let i = 3; i < 256; i += 4) bytes[i] = 0;
    const reader = new FrameReader(ring);
    try {
      for (reader.begin(0, 252); reader.next();) reader.bytes(Math.min(4, reader.length));
    } catch (error) {
      assert.ok(error instanceof WireError);
    }
  }
});
