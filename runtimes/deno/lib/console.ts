/** `console`: as Deno prints it, with a level for each line of the log. */
import { Console } from "node:console";
import { Writable } from "node:stream";
import { LogLevel } from "../../../ffi/layout.ts";
import { isForeign } from "./error_text.ts";
import { format } from "./format.ts";
import { log } from "./log.ts";

const INDENT = "  ";
let indent = "";
const counts = new Map<string, number>();
const timers = new Map<string, number>();

function write(level: number, values: readonly unknown[]): void {
  const text = format(values);
  log(level, indent === "" ? text : indent + text.replaceAll("\n", `\n${indent}`));
}

const printer = (level: number) => (...values: unknown[]): void => write(level, values);
const print = printer(LogLevel.INFO);
const warn = printer(LogLevel.WARN);
const error = printer(LogLevel.ERROR);

function elapsed(label: string, rest: readonly unknown[] = []): void {
  const start = timers.get(label);
  if (start === undefined) return warn(`Timer '${label}' does not exist`);
  const ms = performance.now() - start;
  print(`${label}: ${ms < 1 ? Number(ms.toFixed(3)) : Math.floor(ms)}ms`, ...rest);
}

function table(...args: Parameters<typeof console.table>): void {
  let text = "";
  const stdout = new Writable({
    decodeStrings: false,
    write(chunk, _, done) {
      text += chunk;
      done();
    },
  });
  new Console({ stdout, colorMode: false }).table(...args as [unknown, string[]]);
  print(text.trimEnd());
}

Object.assign(console, {
  log: print,
  info: print,
  dirxml: print,
  debug: printer(LogLevel.DEBUG),
  warn,
  error,
  table,
  dir: (value: unknown, options?: Deno.InspectOptions) => print(Deno.inspect(value, options)),
  assert(condition?: unknown, ...values: unknown[]) {
    if (condition) return;
    const [first, ...rest] = values;
    if (typeof first === "string") error(`Assertion failed: ${first}`, ...rest);
    else error("Assertion failed", ...values);
  },
  trace(...values: unknown[]) {
    const place = { name: "Trace", stack: "" };
    Error.captureStackTrace(place);
    const frames = place.stack.split("\n").slice(1).filter((line) => !isForeign(line));
    error([`Trace: ${format(values)}`, ...frames].join("\n"));
  },
  count(label = "default") {
    counts.set(label, (counts.get(label) ?? 0) + 1);
    print(`${label}: ${counts.get(label)}`);
  },
  countReset: (label = "default") => void counts.delete(label),
  time: (label = "default") => void timers.set(label, performance.now()),
  timeLog: (label = "default", ...values: unknown[]) => elapsed(label, values),
  timeEnd(label = "default") {
    elapsed(label);
    timers.delete(label);
  },
  group(...values: unknown[]) {
    if (values.length > 0) print(...values);
    indent += INDENT;
  },
  groupEnd: () => void (indent = indent.slice(INDENT.length)),
});
Object.assign(console, { groupCollapsed: console.group });
