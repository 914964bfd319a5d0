import { inspect } from "./inspect.ts";
import { LogLevel, native } from "./native.ts";

const INDENT = "  ";
let indent = "";
const counts = new Map<string, number>();
const timers = new Map<string, number>();

const text = (value: unknown): string => typeof value === "string" ? value : inspect(value);

/** `%s` and its kin take arguments out of the list; what is left over follows. */
export function format(args: readonly unknown[]): string {
  const [first] = args;
  if (typeof first !== "string" || args.length === 1 || !first.includes("%")) return args.map(text).join(" ");
  let next = 1;
  const formatted = first.replace(/%[sdifjoOc%]/g, (directive) => {
    if (directive === "%%") return "%";
    if (next >= args.length) return directive;
    return formatOne(directive, args[next++]);
  });
  return [formatted, ...args.slice(next).map(text)].join(" ");
}

function formatOne(directive: string, value: unknown): string {
  switch (directive) {
    case "%s":
      return typeof value === "string" ? value : inspect(value, { depth: 1 });
    case "%d":
    case "%i":
      return typeof value === "bigint"
        ? `${value}n`
        : `${typeof value === "object" ? NaN : parseInt(String(value), 10)}`;
    case "%f":
      return `${parseFloat(String(value))}`;
    case "%j":
      return JSON.stringify(value) ?? "undefined";
    case "%c":
      return "";
    default:
      return inspect(value);
  }
}

function write(level: number, message: string): void {
  native.log(level, indent === "" ? message : indent + message.replaceAll("\n", `\n${indent}`));
}

const writer = (level: number) => (...args: unknown[]): void =>
  args.length === 1 && typeof args[0] === "string" ? write(level, args[0]) : write(level, format(args));

const log = writer(LogLevel.INFO);
const warn = writer(LogLevel.WARN);
const error = writer(LogLevel.ERROR);

function elapsed(label: string): string | null {
  const start = timers.get(label);
  if (start === undefined) {
    warn(`Timer '${label}' does not exist`);
    return null;
  }
  const ms = native.now() - start;
  return `${label}: ${ms < 1 ? Number(ms.toFixed(3)) : Math.floor(ms)}ms`;
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

/** Rows by index, columns by key; what is no object stands in a column of its own. */
function table(data: unknown, properties?: string[]): string {
  const VALUES = "Values";
  const isMap = data instanceof Map;
  const entries: [string, unknown][] = data instanceof Set || isMap
    ? [...(data as Iterable<unknown>)].map((entry, i) => [`${i}`, entry])
    : Object.entries(data as object);
  const columns: string[] = [];
  let hasValues = false;
  const rows = entries.map(([index, value]): Map<string, string> => {
    const row = new Map([["(idx)", index]]);
    if (!isObject(value)) {
      hasValues = true;
      return row.set(VALUES, inspect(value));
    }
    for (const [key, cell] of Object.entries(value)) {
      if (properties && !properties.includes(key)) continue;
      if (!columns.includes(key)) columns.push(key);
      row.set(key, inspect(cell, { depth: 1 }));
    }
    return row;
  });
  const heads = ["(idx)", ...(properties ?? columns), ...(hasValues ? [VALUES] : [])];
  const widths = heads.map((head) => Math.max(head.length, ...rows.map((row) => (row.get(head) ?? "").length)) + 2);
  const line = (left: string, middle: string, right: string) =>
    left + widths.map((width) => "─".repeat(width)).join(middle) + right;
  const cells = (texts: string[]) => `│${texts.map((cell, i) => ` ${cell}`.padEnd(widths[i])).join("│")}│`;
  return [
    line("┌", "┬", "┐"),
    cells(heads),
    line("├", "┼", "┤"),
    ...rows.map((row) => cells(heads.map((head) => row.get(head) ?? ""))),
    line("└", "┴", "┘"),
  ].join("\n");
}

function group(...args: unknown[]): void {
  if (args.length > 0) log(...args);
  indent += INDENT;
}

export const console = {
  log,
  info: log,
  debug: writer(LogLevel.DEBUG),
  warn,
  error,
  dir: (value: unknown, options?: { depth?: number }): void => write(LogLevel.INFO, inspect(value, options)),
  dirxml: log,
  trace(...args: unknown[]): void {
    const { stack = "" } = new Error();
    write(LogLevel.ERROR, `Trace${args.length > 0 ? `: ${format(args)}` : ""}${stack.replace(/^Error/, "")}`);
  },
  assert(condition = false, ...args: unknown[]): void {
    if (condition) return;
    const [first, ...rest] = args;
    if (args.length === 0) error("Assertion failed");
    else if (typeof first === "string") error(`Assertion failed: ${first}`, ...rest);
    else error("Assertion failed:", ...args);
  },
  table(data: unknown, properties?: string[]): void {
    if (isObject(data)) write(LogLevel.INFO, table(data, properties));
    else log(data);
  },
  group,
  groupCollapsed: group,
  groupEnd(): void {
    indent = indent.slice(INDENT.length);
  },
  count(label = "default"): void {
    const count = (counts.get(`${label}`) ?? 0) + 1;
    counts.set(`${label}`, count);
    log(`${label}: ${count}`);
  },
  countReset(label = "default"): void {
    if (!counts.delete(`${label}`)) warn(`Count for '${label}' does not exist`);
  },
  time(label = "default"): void {
    if (timers.has(`${label}`)) warn(`Timer '${label}' already exists`);
    else timers.set(`${label}`, native.now());
  },
  timeLog(label = "default", ...args: unknown[]): void {
    const line = elapsed(`${label}`);
    if (line !== null) log(line, ...args);
  },
  timeEnd(label = "default"): void {
    const line = elapsed(`${label}`);
    timers.delete(`${label}`);
    if (line !== null) log(line);
  },
  timeStamp(): void {},
  clear(): void {},
};
Object.defineProperty(console, Symbol.toStringTag, { value: "console", configurable: true });
