/** Shift_JIS, EUC-JP, ISO-2022-JP; and EUC-KR, which is built alike. */
import { ByteDecoder, entry } from "./byte_decoder.ts";
import { tables } from "./encodings.ts";

const ROW = 94;
const HALFWIDTH = 0xff61 - 0xa1;
const isKana = (byte: number): boolean => byte >= 0xa1 && byte <= 0xdf;
const isHigh = (byte: number): boolean => byte >= 0xa1 && byte <= 0xfe;

export class ShiftJisDecoder extends ByteDecoder {
  #lead = 0;

  take(byte: number): void {
    if (this.#lead === 0) {
      if (byte <= 0x80) this.put(byte);
      else if (isKana(byte)) this.put(HALFWIDTH + byte);
      else if ((byte >= 0x81 && byte <= 0x9f) || (byte >= 0xe0 && byte <= 0xfc)) this.#lead = byte;
      else this.fail();
      return;
    }
    const lead = this.#lead;
    this.#lead = 0;
    const isTrail = (byte >= 0x40 && byte <= 0x7e) || (byte >= 0x80 && byte <= 0xfc);
    const at = (lead - (lead < 0xa0 ? 0x81 : 0xc1)) * 188 + byte - (byte < 0x7f ? 0x40 : 0x41);
    this.putEntry(isTrail ? entry(tables.jis0208, at) : undefined, byte);
  }

  end(): boolean {
    const isIncomplete = this.#lead !== 0;
    this.#lead = 0;
    return isIncomplete;
  }
}

export class EucJpDecoder extends ByteDecoder {
  #lead = 0;
  #isJis0212 = false;

  take(byte: number): void {
    const lead = this.#lead;
    if (lead === 0) {
      if (byte < 0x80) this.put(byte);
      else if (byte === 0x8e || byte === 0x8f || isHigh(byte)) this.#lead = byte;
      else this.fail();
    } else if (lead === 0x8e && isKana(byte)) {
      this.#lead = 0;
      this.put(HALFWIDTH + byte);
    } else if (lead === 0x8f && isHigh(byte)) {
      this.#isJis0212 = true;
      this.#lead = byte;
    } else {
      const table = this.#isJis0212 ? tables.jis0212 : tables.jis0208;
      this.end();
      const isPair = isHigh(lead) && isHigh(byte);
      this.putEntry(isPair ? entry(table, (lead - 0xa1) * ROW + byte - 0xa1) : undefined, byte);
    }
  }

  end(): boolean {
    const isIncomplete = this.#lead !== 0;
    this.#lead = 0;
    this.#isJis0212 = false;
    return isIncomplete;
  }
}

export class EucKrDecoder extends ByteDecoder {
  #lead = 0;

  take(byte: number): void {
    if (this.#lead === 0) {
      if (byte < 0x80) this.put(byte);
      else if (byte >= 0x81 && byte <= 0xfe) this.#lead = byte;
      else this.fail();
      return;
    }
    const at = byte >= 0x41 && byte <= 0xfe ? (this.#lead - 0x81) * 190 + byte - 0x41 : -1;
    this.#lead = 0;
    this.putEntry(entry(tables.eucKr, at), byte);
  }

  end(): boolean {
    const isIncomplete = this.#lead !== 0;
    this.#lead = 0;
    return isIncomplete;
  }
}

const ESCAPE = 0x1b;
type Charset = "ascii" | "roman" | "katakana" | "jis0208";

/** What follows an escape, as two bytes. */
const CHARSETS: Readonly<Record<number, Charset>> = {
  0x2842: "ascii",
  0x284a: "roman",
  0x2849: "katakana",
  0x2440: "jis0208",
  0x2442: "jis0208",
};

/** Escapes choose among character sets. */
export class Iso2022JpDecoder extends ByteDecoder {
  #charset: Charset = "ascii";
  #lead = 0;
  /** 0: in no escape; the escape byte, or the byte behind it. */
  #escape = 0;
  /** Characters have come since the last escape. */
  #output = true;

  take(byte: number): void {
    if (this.#escape === ESCAPE) this.#takeEscapeStart(byte);
    else if (this.#escape !== 0) this.#takeEscape(byte);
    else if (byte === ESCAPE) this.#startEscape();
    else this.#takeCharacter(byte);
  }

  #startEscape(): void {
    if (this.#lead !== 0) {
      this.#lead = 0;
      this.fail();
    }
    this.#escape = ESCAPE;
  }

  #takeEscapeStart(byte: number): void {
    if (byte === 0x24 || byte === 0x28) {
      this.#escape = byte;
      return;
    }
    this.#failEscape([byte]);
  }

  #takeEscape(byte: number): void {
    const start = this.#escape;
    const charset = CHARSETS[(start << 8) | byte];
    if (charset === undefined) return this.#failEscape([start, byte]);
    this.#escape = 0;
    this.#charset = charset;
    if (!this.#output) this.fail();
    this.#output = false;
  }

  /** It was no escape: what seemed to be one is read as characters. */
  #failEscape(bytes: readonly number[]): void {
    this.#escape = 0;
    this.#output = true;
    this.fail();
    for (const byte of bytes) this.take(byte);
  }

  #takeCharacter(byte: number): void {
    this.#output = true;
    if (this.#charset === "jis0208") return this.#takeJis0208(byte);
    if (this.#charset === "katakana") {
      if (byte >= 0x21 && byte <= 0x5f) this.put(0xff61 - 0x21 + byte);
      else this.fail();
    } else if (byte > 0x7f || byte === 0x0e || byte === 0x0f) {
      this.fail();
    } else if (this.#charset === "roman" && (byte === 0x5c || byte === 0x7e)) {
      this.put(byte === 0x5c ? 0xa5 : 0x203e);
    } else {
      this.put(byte);
    }
  }

  #takeJis0208(byte: number): void {
    const lead = this.#lead;
    const isHalf = byte >= 0x21 && byte <= 0x7e;
    this.#lead = 0;
    if (lead === 0) {
      if (isHalf) this.#lead = byte;
      else this.fail();
      return;
    }
    const code = isHalf ? entry(tables.jis0208, (lead - 0x21) * ROW + byte - 0x21) : undefined;
    if (code === undefined || code === 0xfffd) this.fail();
    else this.put(code);
  }

  end(): boolean {
    if (this.#escape !== 0 && this.#escape !== ESCAPE) {
      // The byte behind an escape that nothing follows is a character.
      const start = this.#escape;
      this.#failEscape([start]);
    } else if (this.#escape === ESCAPE) {
      this.#failEscape([]);
    }
    const isIncomplete = this.#lead !== 0;
    this.#lead = 0;
    this.#charset = "ascii";
    this.#output = true;
    return isIncomplete;
  }
}
