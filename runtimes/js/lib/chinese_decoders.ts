/** GB18030 (and GBK, which decodes alike) and Big5. */
import { ByteDecoder, entry } from "./byte_decoder.ts";
import { tables } from "./encodings.ts";

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;
const isLead = (byte: number): boolean => byte >= 0x81 && byte <= 0xfe;

/** Four-byte sequences: by runs for the first plane, straight on for the others. */
function gb18030Range(pointer: number): number | undefined {
  if ((pointer > 39419 && pointer < 189000) || pointer > 1237575) return undefined;
  if (pointer >= 189000) return pointer - 189000 + 0x10000;
  const ranges = tables.gb18030Ranges;
  let at = 0;
  while (at + 2 < ranges.length && ranges[at + 2] <= pointer) at += 2;
  return ranges[at + 1] + pointer - ranges[at];
}

export class GB18030Decoder extends ByteDecoder {
  #first = 0;
  #second = 0;
  #third = 0;

  take(byte: number): void {
    if (this.#third !== 0) return this.#takeFourth(byte);
    if (this.#second !== 0) return this.#takeThird(byte);
    if (this.#first !== 0) return this.#takeSecond(byte);
    if (byte < 0x80) this.put(byte);
    else if (byte === 0x80) this.put(0x20ac);
    else if (isLead(byte)) this.#first = byte;
    else this.fail();
  }

  #takeSecond(byte: number): void {
    if (isDigit(byte)) {
      this.#second = byte;
      return;
    }
    const lead = this.#first;
    this.#first = 0;
    const isTrail = (byte >= 0x40 && byte <= 0x7e) || (byte >= 0x80 && byte <= 0xfe);
    const at = (lead - 0x81) * 190 + byte - (byte < 0x7f ? 0x40 : 0x41);
    this.putEntry(isTrail ? entry(tables.gb18030, at) : undefined, byte);
  }

  #takeThird(byte: number): void {
    if (isLead(byte)) this.#third = byte;
    else this.#again([this.#second, byte]);
  }

  #takeFourth(byte: number): void {
    const [first, second, third] = [this.#first, this.#second, this.#third];
    if (!isDigit(byte)) return this.#again([second, third, byte]);
    const pointer = (((first - 0x81) * 10 + second - 0x30) * 126 + third - 0x81) * 10 + byte - 0x30;
    this.end();
    const code = gb18030Range(pointer);
    if (code === undefined) this.fail();
    else this.put(code);
  }

  /** Only the first byte was wrong. */
  #again(bytes: readonly number[]): void {
    this.end();
    this.fail();
    for (const byte of bytes) this.take(byte);
  }

  end(): boolean {
    const isIncomplete = this.#first !== 0;
    this.#first = this.#second = this.#third = 0;
    return isIncomplete;
  }
}

/** These stand for a letter and a mark on it. */
const BIG5_PAIRS: Readonly<Record<number, readonly [number, number]>> = {
  1133: [0xca, 0x304],
  1135: [0xca, 0x30c],
  1164: [0xea, 0x304],
  1166: [0xea, 0x30c],
};

export class Big5Decoder extends ByteDecoder {
  #lead = 0;

  take(byte: number): void {
    if (this.#lead === 0) {
      if (byte < 0x80) this.put(byte);
      else if (isLead(byte)) this.#lead = byte;
      else this.fail();
      return;
    }
    const isTrail = (byte >= 0x40 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xfe);
    const at = isTrail ? (this.#lead - 0x81) * 157 + byte - (byte < 0x7f ? 0x40 : 0x62) : -1;
    this.#lead = 0;
    const pair = BIG5_PAIRS[at];
    if (pair) return pair.forEach((code) => this.put(code));
    const code = entry(tables.big5, at);
    const isPlane2 = code !== undefined && (tables.big5Plane2.charCodeAt(Math.floor(at / 15)) >> (at % 15) & 1) === 1;
    this.putEntry(isPlane2 ? 0x20000 + code : code, byte);
  }

  end(): boolean {
    const isIncomplete = this.#lead !== 0;
    this.#lead = 0;
    return isIncomplete;
  }
}
