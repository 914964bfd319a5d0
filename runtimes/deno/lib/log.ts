/** The function's log: a frame for each text, out at once, for what comes next may end the VM. */
import { LogLevel } from "../../../ffi/layout.ts";
import { describeError, named } from "./error_text.ts";
import { output } from "./output.ts";
import { settings } from "../../shared/settings.ts";

/** So much of the log's bound a line uses at least. */
const LINE_COST = 64;

let used = 0;
let dropped = 0;

export function log(level: number, text: string): void {
  const cost = Math.max(LINE_COST, text.length);
  if (used + cost > settings.logBytes) {
    dropped++;
    return;
  }
  used += cost;
  output.log(level, named(text));
  output.flush();
}

/** With the end of a request: the next one has all of the bound. */
export function endLog(): void {
  if (dropped > 0) output.log(LogLevel.WARN, `${dropped} lines of the log were dropped`);
  used = dropped = 0;
}

/** Nobody caught it, and no handler can. */
export const logUncaught = (thrown: unknown, lead: string): void =>
  log(LogLevel.ERROR, `${lead} ${describeError(thrown)}`);
