import type { BlockingStore } from "./sqlite_store.ts";

/** What the database's thread is asked, and what it says. Answers come in the order of the questions. */
export interface Request {
  readonly id: number;
  readonly method: "open" | keyof BlockingStore;
  readonly args: readonly unknown[];
}

export interface FailedReply {
  readonly id: number;
  /** A hint makes it an operator's mistake. */
  readonly error: { readonly message: string; readonly hint: string | null };
}

export type Reply = FailedReply | { readonly id: number; readonly value: unknown };
