import type { DatabaseSync, StatementSync } from "node:sqlite";
import { insertInto, put, replacing, transaction } from "./statements.ts";
import type { MirrorRow } from "./store.ts";

export const MIRROR_COLUMNS = [
  "tenant",
  "path",
  "size",
  "mtimeNs",
  "inode",
  "hash",
] as const satisfies (keyof MirrorRow)[];

/** The table `mirror`: which source files were copied, and what they looked like then. */
export class Mirror {
  readonly #database: DatabaseSync;
  readonly #put: StatementSync;
  readonly #remove: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#put = database.prepare(insertInto("mirror", MIRROR_COLUMNS, replacing(MIRROR_COLUMNS)));
    this.#remove = database.prepare("DELETE FROM mirror WHERE tenant = ? AND path = ?");
  }

  update(rows: readonly MirrorRow[], remove: readonly { tenant: string; path: string }[]): void {
    transaction(this.#database, () => {
      for (const row of rows) put(this.#put, row);
      for (const { tenant, path } of remove) this.#remove.run(tenant, path);
    });
  }
}
