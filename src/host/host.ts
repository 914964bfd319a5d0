import type { FunctionId, NetPolicy } from "../types.ts";

/** The files of a function that is a folder, as they were at its deploy; found by exact name. */
export interface OwnFiles {
  size(path: string): number | null;
  read(path: string, from: number, length: number): Promise<Uint8Array | null>;
}

/** Who asks: one sandbox, for one request (or one step of a build). */
export interface HostCaller {
  readonly function: FunctionId;
  readonly net: NetPolicy;
  readonly requestId: string;
  /** Of the clock's monotonic time: nothing that was asked is wanted after it. */
  readonly deadlineMs: number;
  /** Of a function that is a folder. */
  readonly files?: () => Promise<OwnFiles | null>;
  /** Counts what the host computed for it as CPU time of the function's own. */
  charge(cpuMs: number): void;
}

/**
 * What the host holds for one sandbox while it lives, and nothing after that: a snapshot carries no handle. A call
 * rejects with an Error whose message is for the function's author. The argument is the guest's, unchecked.
 */
export interface HostSession {
  call(operation: number, argument: Uint8Array<ArrayBuffer>): Promise<Uint8Array>;
  /** The sandbox is gone: whatever is under way for it ends. */
  close(): void;
}

/** Opened at a sandbox's first call. */
export type Host = (caller: HostCaller) => HostSession;

/** One host of several, by the operation's family. Of each family a session is opened at its first call. */
export function hostOf(families: Readonly<Record<number, Host>>): Host {
  return (caller) => {
    const sessions = new Map<number, HostSession>();
    const sessionOf = (family: number) => {
      if (!sessions.has(family) && Object.hasOwn(families, family)) sessions.set(family, families[family](caller));
      return sessions.get(family);
    };
    return {
      call(operation, argument) {
        const session = sessionOf(familyOf(operation));
        if (session) return session.call(operation, argument);
        return Promise.reject(new Error(`Cannot do host call ${operation}: there is none of that number`));
      },
      close() {
        for (const session of sessions.values()) session.close();
        sessions.clear();
      },
    };
  };
}

const familyOf = (operation: number): number => operation >>> 8;
