import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";

/** Fills a table's columns from the fields of the same names. */
export function insertInto(table: string, columns: readonly string[], conflict = ""): string {
  const values = columns.map((column) => `:${column}`);
  return `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${values.join(", ")}) ${conflict}`;
}

/** What puts the new row in the old one's place. */
export function replacing(columns: readonly string[]): string {
  return `ON CONFLICT DO UPDATE SET ${columns.map((column) => `${column} = excluded.${column}`).join(", ")}`;
}

/** Runs a statement of `insertInto` for a row. */
export function put(statement: StatementSync, row: object): void {
  statement.run(row as Record<string, SQLInputValue>);
}

/** All of it, or nothing. */
export function transaction(database: DatabaseSync, work: () => void): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    work();
    database.exec("COMMIT");
  } catch (error) {
    // A full disk has ended the transaction by itself.
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}
