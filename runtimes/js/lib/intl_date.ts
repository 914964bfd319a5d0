/** Intl.DateTimeFormat for en-US and UTC. */
import { dictionary } from "./dictionary.ts";
import { beyond, checkLocale, checkTimeZone, LOCALE, type Locales, oneOf, type Part, textOf } from "./intl_locale.ts";

const MONTHS = [
  ...["January", "February", "March", "April", "May", "June", "July", "August", "September", "October"],
  ...["November", "December"],
];
const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

type Numeric = "numeric" | "2-digit";
type Word = "long" | "short" | "narrow";

export interface DateOptions {
  dateStyle?: string;
  timeStyle?: string;
  weekday?: string;
  year?: string;
  month?: string;
  day?: string;
  hour?: string;
  minute?: string;
  second?: string;
  fractionalSecondDigits?: number;
  timeZoneName?: string;
  timeZone?: string;
  hour12?: boolean;
  hourCycle?: string;
  [other: string]: unknown;
}

/** Which fields to show, and how. */
interface Fields {
  weekday?: Word;
  year?: Numeric;
  month?: Numeric | Word;
  day?: Numeric;
  hour?: Numeric;
  minute?: Numeric;
  second?: Numeric;
  fraction?: number;
  zone?: "long" | "short";
}

const NUMERIC: readonly Numeric[] = ["numeric", "2-digit"];
const WORD: readonly Word[] = ["long", "short", "narrow"];
const KNOWN = [
  ...["dateStyle", "timeStyle", "weekday", "year", "month", "day", "hour", "minute", "second", "timeZoneName"],
  ...["fractionalSecondDigits", "timeZone", "hour12", "hourCycle", "localeMatcher", "formatMatcher"],
];

const DATE_STYLES: Readonly<Record<string, Fields>> = {
  full: { weekday: "long", month: "long", day: "numeric", year: "numeric" },
  long: { month: "long", day: "numeric", year: "numeric" },
  medium: { month: "short", day: "numeric", year: "numeric" },
  short: { month: "numeric", day: "numeric", year: "2-digit" },
};
const TIME: Fields = { hour: "numeric", minute: "2-digit", second: "2-digit" };
const TIME_STYLES: Readonly<Record<string, Fields>> = {
  full: { ...TIME, zone: "long" },
  long: { ...TIME, zone: "short" },
  medium: TIME,
  short: { hour: "numeric", minute: "2-digit" },
};
const DATE: Fields = { year: "numeric", month: "numeric", day: "numeric" };

/** What is shown where the options name no field. */
export type Defaults = "date" | "time" | "all";
const DEFAULTS: Readonly<Record<Defaults, Fields>> = { date: DATE, time: TIME, all: { ...DATE, ...TIME } };

function fieldsOf(options: DateOptions, required: Defaults | "any", defaults: Defaults): Fields {
  const { dateStyle, timeStyle } = options;
  const fields: Fields = {
    weekday: oneOf("weekday", options.weekday as Word | undefined, WORD, undefined as unknown as Word),
    year: oneOf("year", options.year as Numeric, NUMERIC, undefined as unknown as Numeric),
    month: oneOf("month", options.month as Word, [...NUMERIC, ...WORD], undefined as unknown as Word),
    day: oneOf("day", options.day as Numeric, NUMERIC, undefined as unknown as Numeric),
    hour: oneOf("hour", options.hour as Numeric, NUMERIC, undefined as unknown as Numeric),
    minute: oneOf("minute", options.minute as Numeric, NUMERIC, undefined as unknown as Numeric),
    second: oneOf("second", options.second as Numeric, NUMERIC, undefined as unknown as Numeric),
    fraction: oneOf(
      "fractionalSecondDigits",
      options.fractionalSecondDigits,
      [1, 2, 3],
      undefined as unknown as number,
    ),
    zone: oneOf(
      "timeZoneName",
      options.timeZoneName,
      ["long", "short"],
      undefined as unknown as string,
    ) as Fields["zone"],
  };
  const named = (keys: readonly (keyof Fields)[]) => keys.some((key) => fields[key] !== undefined);
  const hasDate = named(["weekday", "year", "month", "day"]);
  const hasTime = named(["hour", "minute", "second", "fraction"]);
  if (dateStyle !== undefined || timeStyle !== undefined) {
    if (hasDate || hasTime || fields.zone) throw new TypeError("Can't set option when dateStyle or timeStyle is used");
    return {
      ...DATE_STYLES[oneOf("dateStyle", dateStyle, Object.keys(DATE_STYLES), "")],
      ...TIME_STYLES[oneOf("timeStyle", timeStyle, Object.keys(TIME_STYLES), "")],
    };
  }
  const isNamed = required === "date" ? hasDate : required === "time" ? hasTime : hasDate || hasTime;
  return isNamed ? fields : { ...fields, ...DEFAULTS[defaults] };
}

const padded = (value: number, how: Numeric | undefined): string => `${value}`.padStart(how === "2-digit" ? 2 : 1, "0");
const worded = (name: string, how: Word): string => how === "long" ? name : name.slice(0, how === "short" ? 3 : 1);
const literal = (value: string): Part => ({ type: "literal", value });

/** With `separator` between each two. */
function joined(parts: readonly Part[], separator: string): Part[] {
  return parts.flatMap((part, i) => i === 0 ? [part] : [literal(separator), part]);
}

export class DateTimeFormat {
  readonly #fields: Fields;
  readonly #is24: boolean;
  /** Between date and time. */
  readonly #joint: string;

  constructor(locales?: Locales, given?: DateOptions, required: Defaults | "any" = "any", defaults: Defaults = "date") {
    checkLocale(locales);
    const options = dictionary(given);
    for (const key of Object.keys(options)) {
      if (!KNOWN.includes(key) && options[key] !== undefined) throw beyond(`the option ${key}`);
    }
    checkTimeZone(options.timeZone);
    const cycle = oneOf("hourCycle", options.hourCycle, ["h12", "h23"], "h12");
    this.#fields = fieldsOf(options, required, defaults);
    this.#is24 = options.hour12 === undefined ? cycle === "h23" : !options.hour12;
    this.#joint = this.#fields.month === "long" ? " at " : ", ";
  }

  get format(): (date?: Date | number) => string {
    return (date) => textOf(this.formatToParts(date));
  }

  formatToParts(date: Date | number = Date.now()): Part[] {
    const time = new Date(Number(date));
    if (Number.isNaN(time.getTime())) throw new RangeError("Invalid time value");
    const [days, clock] = [this.#date(time), this.#time(time)];
    if (days.length === 0 || clock.length === 0) return [...days, ...clock];
    return [...days, literal(this.#joint), ...clock];
  }

  #date(date: Date): Part[] {
    const { weekday, year, month, day } = this.#fields;
    const fullYear = date.getUTCFullYear();
    const parts = {
      weekday: weekday && { type: "weekday", value: worded(WEEKDAYS[date.getUTCDay()], weekday) },
      day: day && { type: "day", value: padded(date.getUTCDate(), day) },
      year: year && { type: "year", value: year === "2-digit" ? padded(fullYear % 100, year) : `${fullYear}` },
      month: month && { type: "month", value: this.#month(date, month) },
    };
    const present = (list: readonly (Part | undefined | "")[]) => list.filter((part): part is Part => Boolean(part));
    const isWorded = month !== undefined && !NUMERIC.includes(month as Numeric);
    let days: Part[];
    if (!isWorded) days = joined(present([parts.month, parts.day, parts.year]), "/");
    else {
      days = joined(present([parts.month, parts.day]), " ");
      if (parts.year) days.push(literal(parts.day ? ", " : " "), parts.year);
    }
    if (!parts.weekday) return days;
    if (days.length === 1 && parts.day) return [parts.day, literal(" "), parts.weekday];
    return days.length === 0 ? [parts.weekday] : [parts.weekday, literal(", "), ...days];
  }

  #month(date: Date, how: Numeric | Word): string {
    const month = date.getUTCMonth();
    return how === "numeric" || how === "2-digit" ? padded(month + 1, how) : worded(MONTHS[month], how);
  }

  #time(date: Date): Part[] {
    const { hour, minute, second, fraction, zone } = this.#fields;
    const hours = date.getUTCHours();
    const parts: Part[] = [];
    if (hour) {
      const shown = this.#is24 ? hours : hours % 12 || 12;
      parts.push({ type: "hour", value: padded(shown, this.#is24 ? "2-digit" : hour) });
    }
    if (minute) {
      parts.push({ type: "minute", value: padded(date.getUTCMinutes(), hour || second ? "2-digit" : "numeric") });
    }
    if (second) parts.push({ type: "second", value: padded(date.getUTCSeconds(), minute ? "2-digit" : "numeric") });
    const clock = joined(parts, ":");
    if (fraction) {
      const value = `${date.getUTCMilliseconds()}`.padStart(3, "0").slice(0, fraction);
      clock.push(...(second ? [literal(".")] : []), { type: "fractionalSecond", value });
    }
    if (hour && !this.#is24) {
      clock.push(literal(" "), { type: "dayPeriod", value: hours < 12 ? "AM" : "PM" });
    }
    if (zone) {
      const value = zone === "long" ? "Coordinated Universal Time" : "UTC";
      clock.push(...(clock.length > 0 ? [literal(" ")] : []), { type: "timeZoneName", value });
    }
    return clock;
  }

  resolvedOptions(): object {
    return { locale: LOCALE, calendar: "gregory", numberingSystem: "latn", timeZone: "UTC" };
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
