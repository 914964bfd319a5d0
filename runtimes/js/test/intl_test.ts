/** What Intl writes for en-US and UTC is what Deno writes. */
import { type Expression, testExpressions, throws } from "./expressions.ts";

const NUMBERS = [
  "0",
  "-0",
  "1",
  "-1",
  "1234.5",
  "1234567.891",
  "0.1 + 0.2",
  "1.005",
  "2.5",
  "1e21",
  "1e-7",
  "123456789n",
]
  .concat(["NaN", "Infinity", "-Infinity", "999.9995", "0.000123", "-1234.5678", "12345", "1500", "999999", "1e15"]);
const NUMBER_OPTIONS = [
  ...["undefined", "{ maximumFractionDigits: 0 }", "{ minimumFractionDigits: 2 }", "{ style: 'percent' }"],
  ...["{ style: 'currency', currency: 'USD' }", "{ style: 'currency', currency: 'EUR' }", "{ useGrouping: false }"],
  ...["{ style: 'currency', currency: 'JPY' }", "{ style: 'currency', currency: 'CHF' }", "{ signDisplay: 'always' }"],
  ...["{ maximumSignificantDigits: 3 }", "{ minimumSignificantDigits: 5 }", "{ signDisplay: 'exceptZero' }"],
  ...["{ minimumIntegerDigits: 3 }", "{ notation: 'compact' }", "{ style: 'percent', maximumFractionDigits: 1 }"],
];
const DATES = ["0", "1700000000000", "951782399999", "Date.UTC(2026, 10, 21, 0, 5, 9)", "Date.UTC(2026, 4, 1, 12)"];
const DATE_OPTIONS = [
  ...["{}", "{ dateStyle: 'full' }", "{ dateStyle: 'long' }", "{ dateStyle: 'medium' }", "{ dateStyle: 'short' }"],
  ...["{ timeStyle: 'full' }", "{ timeStyle: 'long' }", "{ timeStyle: 'medium' }", "{ timeStyle: 'short' }"],
  ...["{ dateStyle: 'full', timeStyle: 'short' }", "{ dateStyle: 'medium', timeStyle: 'medium' }"],
  ...["{ year: 'numeric', month: 'long' }", "{ month: 'short', day: 'numeric' }", "{ weekday: 'short' }"],
  ...["{ weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' }", "{ hour: 'numeric' }"],
  ...["{ hour: '2-digit', minute: '2-digit' }", "{ hour: '2-digit', minute: '2-digit', hour12: false }"],
  ...["{ year: 'numeric', month: '2-digit', day: '2-digit' }", "{ timeZoneName: 'short' }", "{ hourCycle: 'h23' }"],
  ...["{ hour: 'numeric', minute: 'numeric', second: 'numeric', fractionalSecondDigits: 3 }", "{ month: 'long' }"],
];

const codes = [
  ...NUMBERS.flatMap((value) => NUMBER_OPTIONS.map((options) => `(${value}).toLocaleString("en-US", ${options})`)),
  ...DATES.flatMap((value) =>
    DATE_OPTIONS.flatMap((options) => [
      `new Date(${value}).toLocaleString("en-US", { timeZone: "UTC", ...${options} })`,
      `new Intl.DateTimeFormat("en-US", { timeZone: "UTC", ...${options} }).format(${value})`,
    ])
  ),
  ...["Date", "Time"].map((what) => `new Date(1e12).toLocale${what}String("en-US", { timeZone: "UTC" })`),
  `new Date(NaN).toLocaleString("en-US")`,
  `[1234.5, new Date(0)].length.toLocaleString()`,
  `new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" }).formatToParts(-1234.5)`,
  `new Intl.DateTimeFormat("en-US", { dateStyle: "medium", timeZone: "UTC" }).formatToParts(0)`,
  `Intl.NumberFormat("en-US").format(1e6)`,
  `new Intl.NumberFormat("en-US", { style: "currency" })`,
];

const own = (code: string): unknown => {
  try {
    return JSON.parse(JSON.stringify((0, eval)(code)));
  } catch (error) {
    return throws((error as Error).name);
  }
};

const REFUSED: Expression[] = [
  ["another locale is refused", `(1).toLocaleString("de-DE")`, throws("RangeError")],
  [
    "another time zone is refused",
    `new Date(0).toLocaleString("en-US", { timeZone: "Asia/Tokyo" })`,
    throws("RangeError"),
  ],
  ["units are refused", `(1).toLocaleString("en-US", { style: "unit", unit: "liter" })`, throws("RangeError")],
];

testExpressions([...codes.map((code): Expression => [`as in Deno: ${code}`, code, own(code)]), ...REFUSED]);
