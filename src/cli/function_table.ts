import type { FunctionSummary } from "../gateway/admin_shapes.ts";
import { HOME } from "../types.ts";
import { stateText } from "./function_state.ts";
import { table } from "./table.ts";
import { clip, type Color, colored, type Line } from "./terminal.ts";

/** Of an error, on its line. */
const ERROR_LENGTH = 500;

export type FunctionRow = Pick<
  FunctionSummary,
  "name" | "tenant" | "url" | "tier" | "language" | "why" | "kind" | "state" | "version" | "rolledBackFrom" | "error"
>;

export function stateColor(state: string): Color {
  return state === "ready" ? "green" : state === "failed" ? "red" : "yellow";
}

/** A row each, and below it why it is in the VM tier, where that is a surprise, and the first line of its error. */
export function functionTable(rows: readonly FunctionRow[]): Line[] {
  const [titles, ...lines] = table(
    ["NAME", "URL", "TIER", "LANGUAGE", "HANDLER", "STATE"],
    rows.map((row) => [
      row.name,
      row.url,
      row.tier ?? "-",
      row.language ?? "-",
      row.kind ?? "-",
      colored(stateColor(row.state), stateText(row)),
    ]),
  );
  return [titles, ...lines.flatMap((line, at) => [line, ...whyLine(rows[at]), ...errorLine(rows[at].error)])];
}

function whyLine({ tenant, language, tier, why }: FunctionRow): Line[] {
  const isSurprising = tenant === HOME && language === "js" && why !== null;
  return isSurprising ? [["  ", colored("dim", `${tier}: ${why}`)]] : [];
}

function errorLine(error: string | null): Line[] {
  return error === null ? [] : [["  ", colored("red", clip(error.split("\n", 1)[0], ERROR_LENGTH))]];
}
