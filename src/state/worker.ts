/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/** The thread that owns the database: it answers one request after the other. */
import { OperatorError } from "../errors.ts";
import { explainSqlite, openDatabase } from "./database.ts";
import type { FailedReply, Reply, Request } from "./protocol.ts";
import { type BlockingStore, sqliteStore } from "./sqlite_store.ts";

let path = "";
let store: BlockingStore | null = null;

self.onmessage = ({ data }: MessageEvent<Request>) => {
  self.postMessage(answer(data));
};

function answer({ id, method, args }: Request): Reply {
  try {
    if (method === "open") return { id, value: open(...args as [string]) };
    if (store === null) throw new Error(`Cannot ${method}: the database is not open`);
    return { id, value: (store[method] as (...args: unknown[]) => unknown)(...args) };
  } catch (error) {
    return { id, error: failed(explainSqlite(error, path)) };
  }
}

function open(at: string): void {
  path = at;
  store = sqliteStore(openDatabase(at));
}

function failed(error: unknown): FailedReply["error"] {
  if (error instanceof OperatorError) return { message: error.message, hint: error.hint };
  return { message: error instanceof Error ? error.message : `${error}`, hint: null };
}
