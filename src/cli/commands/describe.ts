import { Client } from "../client.ts";
import { command } from "../command.ts";
import { SERVER_OPTIONS } from "../discovery.ts";
import { stateText } from "../function_state.ts";
import { printJson } from "../json.ts";
import { safeLines } from "../safe_text.ts";
import { colored, type Line, widthOf } from "../terminal.ts";

export default command({
  operands: ["NAME"],
  options: SERVER_OPTIONS,
  async run(values, [name], shell) {
    const description = await (await Client.connect(values, shell)).function(name);
    if (values.json) return printJson(shell, description);
    for (const line of described({ ...description, state: stateText(description) })) shell.print(...line);
    return 0;
  },
});

/** An object as an indented outline: whatever the server tells is shown. */
function described(object: object, indent = ""): Line[] {
  const entries = Object.entries(object);
  const width = Math.max(...entries.map(([key]) => widthOf(key)));
  return entries.flatMap(([key, value]): Line[] => {
    const label = colored("dim", `${indent}${key}`);
    if (isRecord(value)) return [[label], ...described(value, `${indent}  `)];
    const [first, ...more] = safeLines(shown(key, value));
    const margin = " ".repeat(width - widthOf(key) + 2);
    return [[label, margin, first], ...more.map((line) => [`${indent}${" ".repeat(width + 2)}${line}`])];
  });
}

function isRecord(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;
}

function shown(key: string, value: unknown): string {
  // No list of methods is all of them.
  if (key === "methods" && value === null) return "all";
  if (value === null) return "-";
  if (Array.isArray(value)) return value.length === 0 ? "-" : value.map((part) => shown(key, part)).join(", ");
  if (typeof value === "number") return amount(key, value);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** What a number counts is the end of its name. */
function amount(key: string, value: number): string {
  if (!key.endsWith("Bytes") && !key.startsWith("bytes")) return String(Math.round(value * 10) / 10);
  const [unit, size] = value < 1024 ? ["B", 1] : value < 1024 ** 2 ? ["KB", 1024] : ["MB", 1024 ** 2];
  return `${Math.round(value / size * 10) / 10} ${unit}`;
}
