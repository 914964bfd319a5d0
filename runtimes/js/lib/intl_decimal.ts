/** Decimal digits of a number, to be rounded and padded as text: half away from zero, as Intl has it. */
export class Decimal {
  private constructor(
    readonly digits: string,
    /** Of them before the point; may be negative. */ readonly whole: number,
  ) {}

  /** Of a number that is finite and not negative. */
  static of(value: number | bigint): Decimal {
    const [mantissa, exponent = "0"] = `${value}`.split("e");
    const [whole, fraction = ""] = mantissa.split(".");
    return Decimal.trimmed(whole + fraction, whole.length + Number(exponent));
  }

  private static trimmed(digits: string, whole: number): Decimal {
    const leading = /^0*/.exec(digits)![0].length;
    const significant = digits.slice(leading).replace(/0+$/, "");
    return significant === "" ? new Decimal("", 0) : new Decimal(significant, whole - leading);
  }

  get isZero(): boolean {
    return this.digits === "";
  }

  times(powerOfTen: number): Decimal {
    return this.isZero ? this : new Decimal(this.digits, this.whole + powerOfTen);
  }

  /** To so many digits behind the point. */
  toFraction(count: number): Decimal {
    return this.#keep(this.whole + count);
  }

  toSignificant(count: number): Decimal {
    return this.#keep(count);
  }

  #keep(count: number): Decimal {
    if (count >= this.digits.length) return this;
    if (count < 0) return new Decimal("", 0);
    const rounded = BigInt(`0${this.digits.slice(0, count)}`) + (this.digits[count] >= "5" ? 1n : 0n);
    const text = `${rounded}`.padStart(count, "0");
    return Decimal.trimmed(text, this.whole + text.length - count);
  }

  get integer(): string {
    return this.whole <= 0 ? "0" : this.digits.slice(0, this.whole).padEnd(this.whole, "0");
  }

  get fraction(): string {
    return this.whole >= 0 ? this.digits.slice(this.whole) : "0".repeat(-this.whole) + this.digits;
  }
}
