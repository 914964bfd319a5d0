import type { DatabaseSync, StatementSync } from "node:sqlite";
import { LIMITS } from "../limits.ts";
import type { FunctionId } from "../types.ts";
import { insertInto, put, transaction } from "./statements.ts";
import type { UsageRow } from "./store.ts";

const MINUTES_KEPT = LIMITS.usageDaysKept * 24 * 60;
const SUMS = [
  "requests",
  "errors",
  "warm",
  "clone",
  "cold",
  "wallMs",
  "cpuMs",
  "bytesIn",
  "bytesOut",
  "coldMs",
] as const satisfies (keyof UsageRow)[];
const COLUMNS = ["tenant", "name", "minute", "memoryPeakBytes", ...SUMS] as const satisfies (keyof UsageRow)[];

/** The table `usage`: what functions used, by the minute. It outlives the functions, and is kept for a month. */
export class UsageTable {
  readonly #database: DatabaseSync;
  readonly #add: StatementSync;
  readonly #forget: StatementSync;
  readonly #since: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    const sums = SUMS.map((column) => `${column} = ${column} + excluded.${column}`).join(", ");
    const peak = "memoryPeakBytes = max(memoryPeakBytes, excluded.memoryPeakBytes)";
    this.#add = database.prepare(insertInto("usage", COLUMNS, `ON CONFLICT DO UPDATE SET ${sums}, ${peak}`));
    this.#forget = database.prepare("DELETE FROM usage WHERE minute < ?");
    this.#since = database.prepare("SELECT * FROM usage WHERE tenant = ? AND name = ? AND minute >= ? ORDER BY minute");
  }

  add(rows: readonly UsageRow[]): void {
    if (rows.length === 0) return;
    const newest = rows.reduce((minute, row) => Math.max(minute, row.minute), 0);
    transaction(this.#database, () => {
      for (const row of rows) put(this.#add, row);
      this.#forget.run(newest - MINUTES_KEPT);
    });
  }

  since({ tenant, name }: FunctionId, minute: number): UsageRow[] {
    return this.#since.all(tenant, name, minute) as unknown as UsageRow[];
  }
}
