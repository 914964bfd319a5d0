import type { FunctionId, HandlerKind, LogLevel, Outcome, TierName } from "../types.ts";

/** Everything worth telling. Logs, metrics and metering subscribe; nobody else is told anything. */
export type Event =
  | RequestEvent
  | LogEvent
  | DeployEvent
  | { readonly type: "removed"; readonly atMs: number; readonly id: FunctionId }
  | {
    /** Of the server itself: an internal error with its cause, a refused start, a drain. */
    readonly type: "server";
    readonly atMs: number;
    readonly level: "info" | "warn" | "error";
    readonly message: string;
    readonly detail?: string;
    readonly requestId?: string;
  };

/** A request ended, well or not. `id` is null when no function was found. */
export interface RequestEvent {
  readonly type: "request";
  readonly atMs: number;
  readonly id: FunctionId | null;
  readonly version: string | null;
  /** Where it ran. */
  readonly tier?: TierName;
  readonly requestId: string;
  readonly method: string;
  /** Normalised, without the query. */
  readonly path: string;
  readonly outcome: Outcome;
  /** From arrival to the last byte. */
  readonly wallMs: number;
}

/** A guest wrote a line. */
export interface LogEvent {
  readonly type: "log";
  readonly atMs: number;
  readonly id: FunctionId;
  readonly version: string;
  /** null: while it was built. */
  readonly requestId: string | null;
  readonly level: LogLevel;
  readonly text: string;
}

export interface DeployEvent {
  readonly type: "deploy";
  readonly atMs: number;
  readonly id: FunctionId;
  readonly state: "building" | "ready" | "failed";
  readonly version: string | null;
  readonly route: string;
  readonly tier: TierName | null;
  readonly kind: HandlerKind | null;
  readonly buildMs: number | null;
  /** Why what serves is not in the Wasm tier. */
  readonly why?: string | null;
  /** How a version came to serve: `again` has one serve that was built before. */
  readonly how?: "built" | "again" | "rollback";
  /** With file, line and column, as the console shows it. */
  readonly error: string | null;
}

export type Listener = (event: Event) => void;

/** One stream for all. A listener that throws is dropped from this event only; the others still hear it. */
export class Events {
  #listeners: Listener[] = [];

  on(listener: Listener): Disposable {
    this.#listeners.push(listener);
    return {
      [Symbol.dispose]: () => {
        this.#listeners = this.#listeners.filter((other) => other !== listener);
      },
    };
  }

  emit(event: Event): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        console.error("Cannot handle an event:", event.type, error);
      }
    }
  }
}
