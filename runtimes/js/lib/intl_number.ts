/** Intl.NumberFormat for en-US. */
import { dictionary } from "./dictionary.ts";
import { Decimal } from "./intl_decimal.ts";
import { beyond, checkLocale, LOCALE, type Locales, oneOf, type Part, textOf } from "./intl_locale.ts";

export interface NumberOptions {
  style?: string;
  currency?: string;
  currencyDisplay?: string;
  minimumIntegerDigits?: number;
  minimumFractionDigits?: number;
  maximumFractionDigits?: number;
  minimumSignificantDigits?: number;
  maximumSignificantDigits?: number;
  useGrouping?: boolean | string;
  notation?: string;
  signDisplay?: string;
  [other: string]: unknown;
}

const KNOWN = [
  ...["style", "currency", "currencyDisplay", "minimumIntegerDigits", "minimumFractionDigits", "signDisplay"],
  ...["maximumFractionDigits", "minimumSignificantDigits", "maximumSignificantDigits", "useGrouping", "notation"],
  ...["localeMatcher", "numberingSystem"],
];

const SYMBOLS: Readonly<Record<string, string>> = {
  ...{ USD: "$", EUR: "€", GBP: "£", JPY: "¥", CNY: "CN¥", INR: "₹", KRW: "₩", CAD: "CA$", AUD: "A$" },
  ...{ BRL: "R$", MXN: "MX$", NZD: "NZ$", HKD: "HK$", ILS: "₪", TWD: "NT$", VND: "₫", PHP: "₱" },
};
const WITHOUT_CENTS = ["JPY", "KRW", "VND", "CLP", "ISK", "UGX", "XAF", "XOF", "PYG", "RWF"];
const COMPACT = ["", "K", "M", "B", "T"];

function digits(name: string, value: number | undefined, least: number, most: number): number | undefined {
  if (value === undefined) return undefined;
  const count = Math.floor(Number(value));
  if (!(count >= least && count <= most)) throw new RangeError(`${name} value is out of range.`);
  return count;
}

function fractionDigits(options: NumberOptions, least: number, most: number): [number, number] {
  const minimum = digits("minimumFractionDigits", options.minimumFractionDigits, 0, 100);
  const maximum = digits("maximumFractionDigits", options.maximumFractionDigits, 0, 100);
  if (minimum !== undefined && maximum !== undefined && minimum > maximum) {
    throw new RangeError("maximumFractionDigits value is out of range.");
  }
  const low = minimum ?? Math.min(least, maximum ?? least);
  return [low, maximum ?? Math.max(most, low)];
}

const grouped = (integer: string, least: number): string =>
  integer.length < least ? integer : integer.replace(/\B(?=(?:\d{3})+$)/g, ",");

export class NumberFormat {
  readonly #style: string;
  readonly #currency: string | undefined;
  readonly #byCode: boolean;
  readonly #integerDigits: number;
  readonly #fraction: [least: number, most: number];
  readonly #significant: [least: number, most: number] | null;
  /** An integer of so many digits gets commas. */
  readonly #groupFrom: number;
  readonly #isCompact: boolean;
  readonly #sign: string;

  constructor(locales?: Locales, given?: NumberOptions) {
    checkLocale(locales);
    const options = dictionary(given);
    for (const key of Object.keys(options)) {
      if (!KNOWN.includes(key) && options[key] !== undefined) throw beyond(`the option ${key}`);
    }
    this.#style = oneOf("the style", options.style, ["decimal", "percent", "currency"], "decimal");
    this.#currency = options.currency === undefined ? undefined : `${options.currency}`.toUpperCase();
    if (this.#style === "currency") this.#checkCurrency();
    this.#byCode =
      oneOf("currencyDisplay", options.currencyDisplay, ["symbol", "narrowSymbol", "code"], "symbol") === "code";
    this.#isCompact = oneOf("the notation", options.notation, ["standard", "compact"], "standard") === "compact";
    this.#sign = oneOf("signDisplay", options.signDisplay, ["auto", "always", "never", "exceptZero"], "auto");
    this.#integerDigits = digits("minimumIntegerDigits", options.minimumIntegerDigits, 1, 21) ?? 1;
    const cents = WITHOUT_CENTS.includes(this.#currency ?? "") ? 0 : 2;
    this.#fraction = this.#style === "currency"
      ? fractionDigits(options, cents, cents)
      : fractionDigits(options, 0, this.#style === "percent" || this.#isCompact ? 0 : 3);
    this.#significant = this.#significantOf(options);
    this.#groupFrom = this.#groupingOf(options.useGrouping);
  }

  #checkCurrency(): void {
    if (this.#currency === undefined) throw new TypeError("Currency code is required with currency style.");
    if (!/^[A-Z]{3}$/.test(this.#currency)) throw new RangeError(`Invalid currency code : ${this.#currency}`);
  }

  #significantOf(options: NumberOptions): [number, number] | null {
    const least = digits("minimumSignificantDigits", options.minimumSignificantDigits, 1, 21);
    const most = digits("maximumSignificantDigits", options.maximumSignificantDigits, 1, 21);
    if (least === undefined && most === undefined) return null;
    return [least ?? 1, most ?? 21];
  }

  #groupingOf(useGrouping: boolean | string | undefined): number {
    if (useGrouping === false || useGrouping === "false") return Infinity;
    if (useGrouping === "min2" || (useGrouping === undefined && this.#isCompact)) return 5;
    return 4;
  }

  get format(): (value: number | bigint | string) => string {
    return (value) => textOf(this.formatToParts(value));
  }

  formatToParts(given: number | bigint | string): Part[] {
    const value = typeof given === "bigint" ? given : Number(given);
    const isNegative = value < 0 || Object.is(value, -0);
    const parts = this.#magnitude(typeof value === "bigint" ? (value < 0n ? -value : value) : Math.abs(value));
    const isZero = !parts.some(({ type, value }) => type !== "compact" && /[1-9]|∞/.test(value));
    return [...this.#signOf(isNegative, isZero, Number.isNaN(value)), ...parts];
  }

  #signOf(isNegative: boolean, isZero: boolean, isNaN: boolean): Part[] {
    if (isNaN) return this.#sign === "always" ? [{ type: "plusSign", value: "+" }] : [];
    if (this.#sign === "never" || (this.#sign === "exceptZero" && isZero)) return [];
    if (isNegative) return [{ type: "minusSign", value: "-" }];
    return this.#sign === "auto" ? [] : [{ type: "plusSign", value: "+" }];
  }

  #magnitude(value: number | bigint): Part[] {
    const parts: Part[] = [];
    if (this.#style === "currency") {
      const symbol = this.#byCode ? undefined : SYMBOLS[this.#currency!];
      parts.push({ type: "currency", value: symbol ?? this.#currency! });
      const isNumeral = !Number.isNaN(value) && value !== Infinity;
      if (symbol === undefined && isNumeral) parts.push({ type: "literal", value: "\u00a0" });
    }
    if (Number.isNaN(value)) parts.push({ type: "nan", value: "NaN" });
    else if (value === Infinity) parts.push({ type: "infinity", value: "∞" });
    else parts.push(...this.#digits(Decimal.of(value)));
    if (this.#style === "percent") parts.push({ type: "percentSign", value: "%" });
    return parts;
  }

  #digits(decimal: Decimal): Part[] {
    const scaled = this.#style === "percent" ? decimal.times(2) : decimal;
    if (!this.#isCompact) return this.#numeral(this.#round(scaled));
    let power = scaled.isZero ? 0 : Math.max(0, Math.min(4, Math.floor((scaled.whole - 1) / 3)));
    let rounded = this.#roundCompact(scaled.times(-3 * power));
    if (rounded.whole > 3 && power < 4) rounded = this.#roundCompact(scaled.times(-3 * ++power));
    const parts = this.#numeral(rounded);
    return power === 0 ? parts : [...parts, { type: "compact", value: COMPACT[power] }];
  }

  /** Two digits at least, and all that are before the point. */
  #roundCompact(decimal: Decimal): Decimal {
    return decimal.whole >= 2 ? decimal.toFraction(0) : decimal.toSignificant(2);
  }

  #round(decimal: Decimal): Decimal {
    return this.#significant ? decimal.toSignificant(this.#significant[1]) : decimal.toFraction(this.#fraction[1]);
  }

  #numeral(decimal: Decimal): Part[] {
    const integer = decimal.integer.padStart(this.#integerDigits, "0");
    const padded = this.#significant
      ? Math.max(0, this.#significant[0] - (decimal.isZero ? 1 : decimal.whole))
      : this.#fraction[0];
    const fraction = decimal.fraction.padEnd(padded, "0");
    const parts: Part[] = [];
    grouped(integer, this.#groupFrom).split(",").forEach((value, i) => {
      if (i > 0) parts.push({ type: "group", value: "," });
      parts.push({ type: "integer", value });
    });
    if (fraction !== "") parts.push({ type: "decimal", value: "." }, { type: "fraction", value: fraction });
    return parts;
  }

  resolvedOptions(): object {
    const [minimumFractionDigits, maximumFractionDigits] = this.#fraction;
    return {
      ...{ locale: LOCALE, numberingSystem: "latn", style: this.#style, currency: this.#currency },
      ...{ minimumIntegerDigits: this.#integerDigits, minimumFractionDigits, maximumFractionDigits },
      ...{ notation: this.#isCompact ? "compact" : "standard", signDisplay: this.#sign },
    };
  }

  static supportedLocalesOf(locales: Locales): string[] {
    try {
      checkLocale(locales);
      return locales === undefined ? [] : [LOCALE];
    } catch {
      return [];
    }
  }
}
