import { CellOperation } from "../../../ffi/layout.ts";
import type { Clock } from "../../clock.ts";
import { LIMITS } from "../../limits.ts";
import type { SandboxRef } from "../run_options.ts";
import type { GuestLine } from "../tier.ts";
import type { Cell } from "./cell.ts";
import { Objects } from "./objects.ts";
import type { CellProgram, CellRequest } from "./requests.ts";
import type { StoredView } from "./stored.ts";
import type { CellReply } from "./tellings.ts";

const ASK_TIMEOUT_MS = 30_000;
/** A program has so many times as long, at most, where the machine has no core for it: as boot.c does it. */
const MOST_STRETCH = 4;
/** A cell may be so much later. */
const GRACE_MS = 5000;

export interface Boot {
  readonly program: CellProgram;
  readonly views: readonly StoredView[];
  readonly protocol: number;
  readonly memoryBytes: number;
  /** Until the program waits for its first request: what it computes, and what it waits itself. */
  readonly withinMs: number;
  readonly log: (line: GuestLine) => void;
}

/** A cell that snapshots are made in: what is in it, is booted in it and is taken from it. */
export class BuildCell {
  readonly objects: Objects;

  constructor(readonly cell: Cell, readonly clock: Clock) {
    const ask = (request: CellRequest, file?: string) => cell.request(request, { file, timeoutMs: ASK_TIMEOUT_MS });
    this.objects = new Objects(ask, LIMITS.logBytesPerRequest);
  }

  /** Runs a program until it waits for its first request. */
  async boot({ program, views, protocol, memoryBytes, withinMs, log }: Boot): Promise<CellReply> {
    return await this.cell.request({
      operation: CellOperation.BOOT,
      object: this.objects.next(),
      views: await this.objects.views(views),
      protocol,
      memoryBytes,
      logBytes: LIMITS.logBytesPerRequest,
      deadlineNs: this.cell.steps.toShimNs(this.clock.monotonic() + withinMs),
      program,
    }, { timeoutMs: MOST_STRETCH * withinMs + GRACE_MS, log });
  }

  /** A function of a runtime that is there; its number. */
  async derive(
    parent: number,
    { views, protocol, memoryBytes }: Pick<Boot, "views" | "protocol" | "memoryBytes">,
  ): Promise<number> {
    const object = this.objects.next();
    await this.cell.request({
      operation: CellOperation.DERIVE,
      object,
      parent,
      views: await this.objects.views(views),
      protocol,
      memoryBytes,
      logBytes: LIMITS.logBytesPerRequest,
    }, { timeoutMs: ASK_TIMEOUT_MS });
    return object;
  }

  /** Makes the new file a snapshot of it: a difference to `parent`, or whole if that is 0. */
  async take({ sandbox, generation }: SandboxRef, parent: number, file: string): Promise<void> {
    await this.cell.request({ operation: CellOperation.TAKE, sandbox, generation, parent }, {
      timeoutMs: ASK_TIMEOUT_MS,
      file,
      isNewFile: true,
    });
  }
}
