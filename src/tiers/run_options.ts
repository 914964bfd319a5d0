import type { HostCaller } from "../host/host.ts";
import type { FunctionId, Invocation, NetPolicy } from "../types.ts";
import type { ContextOf } from "./context.ts";
import type { ResumePolicy } from "./resume_policy.ts";
import type { ResponseSink } from "./tier.ts";
import type { TurnLine } from "./turns.ts";

/** A sandbox that waits for its next step. */
export interface SandboxRef {
  readonly sandbox: number;
  readonly generation: number;
}

export interface RunOptions {
  readonly line: TurnLine;
  /** Of a new sandbox. */
  readonly snapshot: number;
  /** Instead of a new one: a build's own, for its warm-up requests. */
  readonly held?: SandboxRef;
  /** A build: evaluate the body, and keep the sandbox. */
  readonly deploy?: boolean;
  readonly contextOf: ContextOf;
  readonly hold?: boolean;
  /** How long its snapshot took to be read; null: it was there. */
  readonly coldMs: number | null;
  readonly function: FunctionId;
  readonly net: NetPolicy;
  readonly files: HostCaller["files"];
  readonly cpuMs: number;
  readonly bodyBytes: number;
  readonly responseBytes: number;
  readonly invocation: Invocation;
  readonly sink: ResponseSink;
  /** The sandbox is gone. */
  readonly onSettled: () => void;
  /** null: its steps are all done by workers. */
  readonly resumes: ResumePolicy | null;
}
