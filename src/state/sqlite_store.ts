import type { DatabaseSync, StatementSync } from "node:sqlite";
import { Deployments } from "./deployments.ts";
import { Mirror } from "./mirror.ts";
import type { Store } from "./store.ts";
import { UsageTable } from "./usage.ts";

/** Rows without the names of their fields: as objects, 10,000 functions take thrice as long between two threads. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly unknown[][];
}

export type LoadedTables = { [Name in keyof Awaited<ReturnType<Store["load"]>>]: Table };

/** The store as its worker sees it: each call is done when it returns. */
export type BlockingStore =
  & { [Name in Exclude<keyof Store, "load">]: (...args: Parameters<Store[Name]>) => Awaited<ReturnType<Store[Name]>> }
  & { load(): LoadedTables };

/** The store over an open database. */
export function sqliteStore(database: DatabaseSync): BlockingStore {
  const deployments = new Deployments(database);
  const mirror = new Mirror(database);
  const usage = new UsageTable(database);
  return {
    load: () => ({
      functions: select(database, "SELECT * FROM functions"),
      active: select(
        database,
        "SELECT versions.* FROM functions JOIN versions USING (tenant, name) WHERE version = activeVersion",
      ),
      mirror: select(database, "SELECT * FROM mirror"),
    }),
    activate: (row, version) => deployments.activate(row, version),
    putFunction: (row) => deployments.putFunction(row),
    removeFunction: (id) => deployments.removeFunction(id),
    version: (id, version) => deployments.version(id, version),
    versions: (id) => deployments.versions(id),
    spareVersions: (tenant) => deployments.spareVersions(tenant),
    removeVersions: (id, versions) => deployments.removeVersions(id, versions),
    putMirror: (put, remove) => mirror.update(put, remove),
    addUsage: (rows) => usage.add(rows),
    usage: (id, sinceMinute) => usage.since(id, sinceMinute),
    close: () => database.close(),
  };
}

/** Deno has the method; its types do not. */
type ArraysStatement = StatementSync & { setReturnArrays(enabled: boolean): void };

function select(database: DatabaseSync, sql: string): Table {
  const statement = database.prepare(sql) as ArraysStatement;
  statement.setReturnArrays(true);
  const rows = statement.all() as unknown as unknown[][];
  return { columns: statement.columns().map(({ name }) => name), rows };
}
