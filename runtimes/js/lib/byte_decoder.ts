/** A decoder that takes one byte after the other, as the Encoding standard words them. */
export abstract class ByteDecoder {
  #units: number[] = [];
  /** It met bytes that stand for no character. */
  failed = false;

  /** Takes a byte; whoever reads on after an error calls it again with the same byte. */
  abstract take(byte: number): void;
  /** Whether bytes of a character are still missing; forgets them. */
  abstract end(): boolean;

  protected put(code: number): void {
    const units = this.#units;
    if (code > 0xffff) {
      units[units.length] = 0xd800 + ((code - 0x10000) >> 10);
      code = 0xdc00 + (code & 0x3ff);
    }
    units[units.length] = code;
  }

  protected fail(): void {
    this.failed = true;
    this.put(0xfffd);
  }

  /** An entry of a table; `ascii` is read again where there is none. */
  protected putEntry(code: number | undefined, trail: number): void {
    if (code !== undefined && code !== 0xfffd) return this.put(code);
    this.fail();
    if (trail < 0x80) this.take(trail);
  }

  decode(bytes: Uint8Array, isLast: boolean): string {
    for (let i = 0; i < bytes.length; i++) this.take(bytes[i]);
    if (isLast && this.end()) this.fail();
    return this.#takeText();
  }

  #takeText(): string {
    const units = this.#units;
    this.#units = [];
    let text = "";
    for (let at = 0; at < units.length; at += PIECE) text += fromUnits(...units.slice(at, at + PIECE));
    return text;
  }
}

/** Arguments of one call. */
const PIECE = 4096;
const fromUnits = String.fromCharCode;

/** The code unit at a place of a table. */
export const entry = (table: string, at: number): number | undefined =>
  at >= 0 && at < table.length ? table.charCodeAt(at) : undefined;
