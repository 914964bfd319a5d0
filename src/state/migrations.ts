import type { DatabaseSync } from "node:sqlite";
import { OperatorError } from "../errors.ts";

/**
 * What brings a database from one version to the next; its version is the number of steps it has had.
 * A step that was released is never changed: another one is added. Columns are named as the fields of `store.ts`.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE functions (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    file TEXT NOT NULL,
    route TEXT NOT NULL,
    activeVersion TEXT,
    rolledBackFrom TEXT,
    error TEXT,
    updatedAtMs REAL NOT NULL,
    PRIMARY KEY (tenant, name)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE versions (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    createdAtMs REAL NOT NULL,
    file TEXT NOT NULL,
    route TEXT NOT NULL,
    tier TEXT NOT NULL,
    kind TEXT NOT NULL,
    settings TEXT NOT NULL,
    inputs TEXT NOT NULL,
    engine TEXT NOT NULL,
    snapshotBytes INTEGER NOT NULL,
    buildMs REAL NOT NULL,
    PRIMARY KEY (tenant, name, version)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE mirror (
    tenant TEXT NOT NULL,
    path TEXT NOT NULL,
    size INTEGER NOT NULL,
    mtimeNs TEXT NOT NULL,
    inode TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (tenant, path)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE usage (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    minute INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    warm INTEGER NOT NULL,
    clone INTEGER NOT NULL,
    cold INTEGER NOT NULL,
    wallMs REAL NOT NULL,
    cpuMs REAL NOT NULL,
    memoryPeakBytes INTEGER NOT NULL,
    bytesIn INTEGER NOT NULL,
    bytesOut INTEGER NOT NULL,
    coldMs REAL NOT NULL,
    PRIMARY KEY (tenant, name, minute)
  ) STRICT, WITHOUT ROWID;

  CREATE INDEX usage_by_minute ON usage (minute);
  `,
  "ALTER TABLE versions RENAME COLUMN createdAtMs TO deployedAtMs",
];

/** Brings the database up to date, each step whole or not at all. */
export function migrate(database: DatabaseSync, path: string, steps: readonly string[] = MIGRATIONS): void {
  const found = versionOf(database);
  if (found > steps.length) {
    throw new OperatorError(
      `Cannot use ${path}: its format is version ${found}, this Mayfly knows versions up to ${steps.length}`,
      "start the newer Mayfly that wrote it, or give this one another data folder with --data DIR",
    );
  }
  for (let version = found; version < steps.length; version++) {
    database.exec(`BEGIN IMMEDIATE; ${steps[version]}; PRAGMA user_version = ${version + 1}; COMMIT`);
  }
}

export function versionOf(database: DatabaseSync): number {
  return Number(database.prepare("PRAGMA user_version").get()!.user_version);
}
