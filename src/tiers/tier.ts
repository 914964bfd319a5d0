import type {
  FunctionId,
  FunctionSettings,
  HandlerKind,
  HeaderList,
  Invocation,
  LogLevel,
  Outcome,
  TierName,
  Usage,
} from "../types.ts";

/** What the builder made of a function's sources; the tier makes a snapshot of it. */
export interface Artifact {
  readonly id: FunctionId;
  readonly version: string;
  readonly settings: FunctionSettings;
  /** The function's URL path. */
  readonly mount: string;
  readonly language: "js" | "wasi" | "python" | "native";
  /** What stacks call the bundle: `bundle.js`. The registry finds the user's own file and line for it. */
  readonly file: string;
  /** One ES module, all imports inlined; or a WASI module. Empty of what is run from files. */
  readonly bundle: Uint8Array<ArrayBuffer>;
  /**
   * Of Python and native programs, whose files `prepare` finds in FILES of the version's folder: the file to run, relative
   * to that, and the function's own folder in it ("" for the root).
   */
  readonly entry?: string;
  readonly folder?: string;
  /** Of a native program: how it is started, where mayfly.json says so. */
  readonly run?: readonly string[] | null;
}

/** In a version's folder while it is built: the files of a Python or native function, each at its path below its root. */
export const FILES = "files";
/** Beside it, kept: what requirements.txt names, installed, as a packed image. */
export const PACKAGES = "packages.image";

/** A line that a guest wrote to its console, at its build or in a request. */
export interface GuestLine {
  readonly level: LogLevel;
  readonly text: string;
}

/** Takes a response in two phases. A tier calls `head` once, then `chunk`s, and `end` only if it is whole. */
export interface ResponseSink {
  /** `usage` goes on counting; what it says now is what the response's head can tell. */
  head(status: number, headers: HeaderList, usage: Usage): void;
  /** The bytes are the sink's own from here on. Resolves when it takes more; nothing returned: at once. */
  chunk(bytes: Uint8Array<ArrayBuffer>): void | Promise<void>;
  end(): void;
  /** A line of the guest's log. */
  log(line: GuestLine): void;
}

/** A function that is ready to be cloned. */
export interface Snapshot {
  /**
   * Runs one request in a sandbox of its own. It ends in the same turn when the run was short enough to be
   * done inline, else in a promise; it never throws, and never rejects, for what a guest did.
   * The outcome comes with the last byte of the response; what `waitUntil` holds back runs on behind it, and
   * `onSettled` is called once when the sandbox is gone and no longer counts as running.
   */
  run(invocation: Invocation, sink: ResponseSink, onSettled: () => void): Outcome | Promise<Outcome>;
  /** What is stored of it lies in another folder now: a build's, once it is committed. */
  moved(dir: string): void;
  dispose(): Promise<void>;
}

/** The outcome of a build: `prepare` throws a BuildError with the user's file, line and column instead. */
export interface Prepared {
  readonly snapshot: Snapshot;
  readonly kind: HandlerKind;
  readonly snapshotBytes: number;
}

export interface TierBudget {
  readonly memoryBytes: number;
  readonly concurrency: number;
}

export interface Tier {
  readonly name: TierName;
  /** Told when what is stored of a version cannot be read again; who asked for it is told that it is not deployed. */
  onDamaged: ((id: FunctionId, version: string, error: unknown) => void) | null;
  /** Told when a version's snapshot was made anew in its folder: its files have other sizes. */
  onRenewed?: ((id: FunctionId, version: string) => Promise<void>) | null;
  /** What a version's snapshot is made with, as far as it decides whether one that is there can be used. */
  engineOf(language: Artifact["language"]): string;
  /** Resolves when it is known whether it can run here, and with what; null: it is. */
  readonly opening?: Promise<unknown> | null;
  /** Why the tier cannot run here; null if it can. */
  readonly unavailable: string | null;
  /** Evaluates the artifact in a sandbox and writes the snapshot into `dir`. Throws BuildError. */
  prepare(artifact: Artifact, dir: string, log: (line: GuestLine) => void, signal: AbortSignal): Promise<Prepared>;
  /** After a restart: the snapshot that `prepare` left in `dir`. Throws if it is damaged. */
  load(artifact: Omit<Artifact, "bundle">, dir: string): Promise<Snapshot>;
  resize(budget: TierBudget): void;
  /** What it counts, for metrics. */
  stats?(): Promise<Readonly<Record<string, number>>>;
  close(): Promise<void>;
}

/** It failed for what may pass by itself: the machine lacks something, or a process died. Whoever deploys is told. */
export class PassingError extends Error {
  override readonly name = "PassingError";
}

/** A build failed for a reason that the function's author can mend. */
export class BuildError extends Error {
  override readonly name = "BuildError";
  constructor(
    message: string,
    /** Where, in the user's own file; line and column count from 1. */
    readonly place: { file: string; line: number; column: number } | null = null,
    readonly stack_: string | null = null,
  ) {
    super(message);
  }
}
