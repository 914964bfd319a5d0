import assert from "node:assert/strict";
import { logLines } from "./log_lines.ts";
import { render } from "./terminal.ts";

const RECORD = { time: "2026-11-20T10:00:00.000Z", level: "warn", function: "f", text: "x" } as const;

const shown = (record: Parameters<typeof logLines>[0]) => logLines(record).map((line) => render(line, false));

Deno.test("a record is one line with its time, level and function", () => {
  assert.deepEqual(shown(RECORD), ["2026-11-20T10:00:00.000Z warn  f x"]);
  assert.deepEqual(shown({ ...RECORD, function: null }), ["2026-11-20T10:00:00.000Z warn  (server) x"]);
});

Deno.test("a request that failed is told with its id; what a function writes is not", () => {
  const failed = { ...RECORD, code: "timeout", requestId: "r-1", text: "too late\n    at f" } as const;
  assert.deepEqual(shown(failed), ["2026-11-20T10:00:00.000Z warn  f too late (request r-1)", "        at f"]);
  assert.deepEqual(shown({ ...failed, code: null, text: "x" }), ["2026-11-20T10:00:00.000Z warn  f x"]);
});

Deno.test("the further lines of a text are indented: none can pass for a record", () => {
  const forged = "2026-11-20T10:00:00.000Z error other forged";
  assert.deepEqual(shown({ ...RECORD, text: `x\n${forged}\r\x1b[1A` }).slice(1), [`    ${forged}\\r\\x1b[1A`]);
});
