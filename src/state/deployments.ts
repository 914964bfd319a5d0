import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { FunctionId } from "../types.ts";
import { insertInto, put, replacing, transaction } from "./statements.ts";
import type { FunctionRow, SpareVersion, VersionRow } from "./store.ts";

export const FUNCTION_COLUMNS = [
  "tenant",
  "name",
  "file",
  "route",
  "activeVersion",
  "rolledBackFrom",
  "error",
  "updatedAtMs",
] as const satisfies (keyof FunctionRow)[];

export const VERSION_COLUMNS = [
  "tenant",
  "name",
  "version",
  "deployedAtMs",
  "file",
  "route",
  "tier",
  "kind",
  "settings",
  "inputs",
  "engine",
  "snapshotBytes",
  "buildMs",
] as const satisfies (keyof VersionRow)[];

const SPARE_AT_MOST = 1000;

/** The tables `functions` and `versions`. */
export class Deployments {
  readonly #database: DatabaseSync;
  readonly #putFunction: StatementSync;
  readonly #putVersion: StatementSync;
  readonly #removeFunction: StatementSync;
  readonly #removeAllVersions: StatementSync;
  readonly #removeVersion: StatementSync;
  readonly #version: StatementSync;
  readonly #versions: StatementSync;
  readonly #spareVersions: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    const ofFunction = "tenant = ? AND name = ?";
    const ofVersion = `${ofFunction} AND version = ?`;
    this.#putFunction = database.prepare(insertInto("functions", FUNCTION_COLUMNS, replacing(FUNCTION_COLUMNS)));
    this.#putVersion = database.prepare(insertInto("versions", VERSION_COLUMNS, replacing(VERSION_COLUMNS)));
    this.#removeFunction = database.prepare(`DELETE FROM functions WHERE ${ofFunction}`);
    this.#removeAllVersions = database.prepare(`DELETE FROM versions WHERE ${ofFunction}`);
    this.#removeVersion = database.prepare(`DELETE FROM versions WHERE ${ofVersion}`);
    this.#version = database.prepare(`SELECT * FROM versions WHERE ${ofVersion}`);
    this.#versions = database.prepare(`SELECT * FROM versions WHERE ${ofFunction} ORDER BY deployedAtMs DESC, version`);
    this.#spareVersions = database.prepare(
      `SELECT tenant, name, version FROM versions JOIN functions USING (tenant, name)
       WHERE version IS NOT activeVersion AND version IS NOT rolledBackFrom AND tenant = ?
       ORDER BY deployedAtMs LIMIT ${SPARE_AT_MOST}`,
    );
  }

  activate(row: FunctionRow, version: VersionRow): void {
    transaction(this.#database, () => {
      put(this.#putVersion, version);
      put(this.#putFunction, row);
    });
  }

  putFunction(row: FunctionRow): void {
    put(this.#putFunction, row);
  }

  removeFunction({ tenant, name }: FunctionId): void {
    transaction(this.#database, () => {
      this.#removeFunction.run(tenant, name);
      this.#removeAllVersions.run(tenant, name);
    });
  }

  version({ tenant, name }: FunctionId, version: string): VersionRow | null {
    return (this.#version.get(tenant, name, version) ?? null) as VersionRow | null;
  }

  versions({ tenant, name }: FunctionId): VersionRow[] {
    return this.#versions.all(tenant, name) as unknown as VersionRow[];
  }

  spareVersions(tenant: string): SpareVersion[] {
    return this.#spareVersions.all(tenant) as unknown as SpareVersion[];
  }

  removeVersions({ tenant, name }: FunctionId, versions: readonly string[]): void {
    transaction(this.#database, () => {
      for (const version of versions) this.#removeVersion.run(tenant, name, version);
    });
  }
}
