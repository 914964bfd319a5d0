import type { RingCalls } from "../../../ffi/ring.ts";

/** A cell's process, as the shim holds it, with the server's own copy of its ring. */
export interface CellProcess extends RingCalls {
  readonly pid: number;
  /** The copy, which alone is looked at. */
  readonly memory: ArrayBuffer;
  /** What it tells comes here; closed when it ends. */
  readonly told: Deno.UnixConn;
  /** CLOCK_MONOTONIC in nanoseconds. */
  nowNs(): bigint;
  /** All its threads have that niceness from now on. */
  beNice(niceness: number): void;
  /** Throws when what is complete makes no sense. */
  collect(): void;
  /** The file is opened for it: to be read, or a new one to be written. Throws when the cell is gone. */
  send(request: Uint8Array<ArrayBuffer>, file: string | null, isNewFile: boolean): void;
  /** Kills it. Resolves with a word on how it ended. */
  end(): Promise<string>;
}
