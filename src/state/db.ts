import { OperatorError } from "../errors.ts";
import type { FunctionId } from "../types.ts";
import type { Reply, Request } from "./protocol.ts";
import type { LoadedTables, Table } from "./sqlite_store.ts";
import type { FunctionRow, MirrorRow, SpareVersion, Store, UsageRow, VersionRow } from "./store.ts";

interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** Opens the state database in a thread of its own. Throws an OperatorError that names the file. */
export async function openStore(path: string): Promise<Store> {
  const store = new WorkerStore();
  try {
    await store.open(path);
    return store;
  } catch (error) {
    store.stop();
    throw error;
  }
}

class WorkerStore implements Store {
  readonly #worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  readonly #waiting = new Map<number, Waiting>();
  #requests = 0;
  #ended: string | null = null;

  constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<Reply>) => this.#answered(data);
    this.#worker.onerror = (event) => {
      // Unhandled, the thread's end would be the process's.
      event.preventDefault();
      this.#end(`its thread ended: ${event.message}`);
    };
  }

  open(path: string): Promise<void> {
    return this.#ask("open", path);
  }

  async load(): Promise<{ functions: FunctionRow[]; active: VersionRow[]; mirror: MirrorRow[] }> {
    const { functions, active, mirror } = await this.#ask<LoadedTables>("load");
    return { functions: rowsOf(functions), active: rowsOf(active), mirror: rowsOf(mirror) };
  }

  activate(row: FunctionRow, version: VersionRow): Promise<void> {
    return this.#ask("activate", row, version);
  }

  putFunction(row: FunctionRow): Promise<void> {
    return this.#ask("putFunction", row);
  }

  removeFunction(id: FunctionId): Promise<void> {
    return this.#ask("removeFunction", id);
  }

  version(id: FunctionId, version: string): Promise<VersionRow | null> {
    return this.#ask("version", id, version);
  }

  versions(id: FunctionId): Promise<VersionRow[]> {
    return this.#ask("versions", id);
  }

  spareVersions(tenant: string): Promise<SpareVersion[]> {
    return this.#ask("spareVersions", tenant);
  }

  removeVersions(id: FunctionId, versions: readonly string[]): Promise<void> {
    return this.#ask("removeVersions", id, versions);
  }

  putMirror(put: readonly MirrorRow[], remove: readonly { tenant: string; path: string }[]): Promise<void> {
    return this.#ask("putMirror", put, remove);
  }

  addUsage(rows: readonly UsageRow[]): Promise<void> {
    return this.#ask("addUsage", rows);
  }

  usage(id: FunctionId, sinceMinute: number): Promise<UsageRow[]> {
    return this.#ask("usage", id, sinceMinute);
  }

  /** After all that was asked before it. */
  async close(): Promise<void> {
    if (this.#ended !== null) return;
    const closed = this.#ask<void>("close");
    this.#ended = "it is closed";
    await closed.finally(() => this.stop());
  }

  stop(): void {
    this.#worker.terminate();
    this.#end("it is closed");
  }

  #ask<Value>(method: Request["method"], ...args: unknown[]): Promise<Value> {
    if (this.#ended !== null) return Promise.reject(new Error(`Cannot use the state database: ${this.#ended}`));
    const id = ++this.#requests;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#worker.postMessage({ id, method, args } satisfies Request);
    });
  }

  #answered(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id)!;
    this.#waiting.delete(reply.id);
    if ("error" in reply) waiting.reject(errorOf(reply.error));
    else waiting.resolve(reply.value);
  }

  #end(reason: string): void {
    this.#ended = reason;
    for (const { reject } of this.#waiting.values()) reject(new Error(`Cannot use the state database: ${reason}`));
    this.#waiting.clear();
  }
}

function errorOf({ message, hint }: { message: string; hint: string | null }): Error {
  return hint === null ? new Error(`Cannot use the state database: ${message}`) : new OperatorError(message, hint);
}

function rowsOf<Row>({ columns, rows }: Table): Row[] {
  return rows.map((values) => Object.fromEntries(columns.map((column, i) => [column, values[i]])) as Row);
}
