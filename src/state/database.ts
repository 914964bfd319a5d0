import { DatabaseSync } from "node:sqlite";
import { OperatorError } from "../errors.ts";
import { migrate } from "./migrations.ts";

const BUSY_MS = 5000;

const UNSOUND = /file is not a database|database disk image is malformed/;
/** What SQLite says, by what an operator can make of it. `node:sqlite` gives its result code for some errors only. */
const REASONS: readonly (readonly [said: RegExp, reason: string])[] = [
  [/database (table )?is locked/, "another process holds it locked"],
  [/readonly database/, "it may only be read"],
  [/disk I\/O error/, "the disk reported an error"],
  [/disk is full/, "the disk is full"],
  [/unable to open database file/, "it cannot be opened"],
];

/** Opens or makes the state database, and brings it up to date. Throws OperatorErrors that name the file. */
export function openDatabase(path: string): DatabaseSync {
  let database: DatabaseSync | null = null;
  try {
    database = new DatabaseSync(path, { timeout: BUSY_MS });
    // A killed process loses nothing in WAL mode; NORMAL risks the last commits only when the machine loses power.
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    migrate(database, path);
    return database;
  } catch (error) {
    database?.close();
    throw explainSqlite(error, path);
  }
}

/** What stopped the database, as the operator can mend it. An error of another kind stays what it is: a bug. */
export function explainSqlite(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || (error as { code?: unknown }).code !== "ERR_SQLITE_ERROR") return error;
  if (UNSOUND.test(error.message)) {
    return new OperatorError(
      `Cannot read ${path}: it is not a sound SQLite database`,
      "move it and the files beside it away and start again: functions are then built anew from their sources",
      { cause: error },
    );
  }
  const reason = REASONS.find(([said]) => said.test(error.message))?.[1];
  if (reason === undefined) return error;
  return new OperatorError(
    `Cannot use ${path}: ${reason}`,
    "see to the disk, and to who owns and uses the data folder, then start again",
    { cause: error },
  );
}
