import type { FunctionSummary } from "../gateway/admin_shapes.ts";
import { stateText } from "./function_state.ts";
import { table } from "./table.ts";
import { clip, type Color, colored, type Line } from "./terminal.ts";

/** Of an error, on its line. */
const ERROR_LENGTH = 500;

export type FunctionRow = Pick<
  FunctionSummary,
  "name" | "url" | "tier" | "kind" | "state" | "version" | "rolledBackFrom" | "error"
>;

export function stateColor(state: string): Color {
  return state === "ready" ? "green" : state === "failed" ? "red" : "yellow";
}

/** A row each, and below it the first line of its error, if it has one. */
export function functionTable(rows: readonly FunctionRow[]): Line[] {
  const [titles, ...lines] = table(
    ["NAME", "URL", "TIER", "HANDLER", "STATE"],
    rows.map((row) => [
      row.name,
      row.url,
      row.tier ?? "-",
      row.kind ?? "-",
      colored(stateColor(row.state), stateText(row)),
    ]),
  );
  return [titles, ...lines.flatMap((line, at) => [line, ...errorLine(rows[at].error)])];
}

function errorLine(error: string | null): Line[] {
  return error === null ? [] : [["  ", colored("red", clip(error.split("\n", 1)[0], ERROR_LENGTH))]];
}
