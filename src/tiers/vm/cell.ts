import { NativeError } from "../../../ffi/native_values.ts";
import type { ErrorCode } from "../../errors.ts";
import { LIMITS } from "../../limits.ts";
import type { LogLevel } from "../../types.ts";
import { Crowd } from "../crowd.ts";
import { Run } from "../run.ts";
import type { RunOptions } from "../run_options.ts";
import { Steps, type StepsContext } from "../steps.ts";
import type { GuestLine } from "../tier.ts";
import type { CellGroup } from "./cell_group.ts";
import type { CellProcess } from "./cell_process.ts";
import { type CellRequest, encodeRequest } from "./requests.ts";
import { type CellReply, Tellings, type TellingsListener } from "./tellings.ts";

/** The cell said no, or cannot have a file that it needs: `message` has the reason. */
export class CellError extends Error {
  override readonly name = "CellError";
  constructor(message: string, readonly errno: number) {
    super(message);
  }
}

/** How a file that was stored cannot be opened, which is for good. */
const LOST: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "ELOOP", "EINVAL", "EIO"]);

/** The cell ended before it answered. */
export class CellGone extends Error {
  override readonly name = "CellGone";
}

/** How runs end whose cell is gone. */
export interface Death {
  readonly code: ErrorCode;
  readonly message: string;
  /** For the server's log; null: it was meant to end. */
  readonly trouble: string | null;
}

export interface CellOptions extends StepsContext {
  readonly process: CellProcess;
  readonly group: CellGroup;
  readonly cores: number;
  /** Told at once, whyever it ended. */
  readonly onDead: (cell: Cell) => void;
  /** Why it ended, if nobody ended it on purpose. */
  readonly onTrouble: (trouble: string) => void;
  /** A snapshot was found damaged after it was loaded. */
  readonly onDamaged: (cell: Cell, object: number) => void;
}

export interface RequestOptions {
  readonly timeoutMs: number;
  readonly file?: string;
  readonly isNewFile?: boolean;
  /** Of a program that boots. */
  readonly log?: (line: GuestLine) => void;
}

interface Pending extends PromiseWithResolvers<CellReply> {
  readonly log: ((line: GuestLine) => void) | undefined;
  /** How much more of a log is believed to be one. */
  logLeft: number;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** So many steps of one function may be at its workers at once; the others take turns. */
const STEPS_PER_FUNCTION = 32;
/**
 * The cell itself ends a step at its deadline. One that does not so long after it is not to be believed any more. On a
 * machine of 2 cores with 20 processes that compute, one that does all it can was late by more than a second.
 */
const MOST_OVERDUE_MS = 5000;
/** A cell bounds what a program logs; one that tells so many times as much does not. */
const LOG_SLACK = 2;
const LOG_LINE_COST = 64;
/** Requests that it has not answered. */
const MOST_REQUESTS = 4096;

const CRASHED = "The function's cell crashed";
const TOO_LARGE = "The tenant's functions use more than its memoryMb together";

/** The process in which one tenant's microVMs run, and all that the server has of it. What comes from it is hostile. */
export class Cell implements TellingsListener {
  readonly steps: Steps;
  readonly #options: CellOptions;
  /** While it lasts the ring is looked at. */
  readonly #serving: Promise<void>;
  readonly #runs = new Crowd<Run>();
  readonly #requests = new Map<number, Pending>();
  #lastRequest = 0;
  #damages = 0;
  #death: Death | null = null;
  #ended: Promise<void> | null = null;

  constructor(options: CellOptions) {
    this.#options = options;
    const { process, cores } = options;
    this.steps = new Steps({
      ...options,
      calls: process,
      memory: process.memory,
      workers: cores,
      stepsPerFunction: STEPS_PER_FUNCTION,
      isElsewhere: true,
      nowNs: process.nowNs(),
    });
    const tellings = new Tellings(this);
    this.#serving = this.steps.serve(process.told, (bytes) => {
      tellings.take(bytes);
      if (tellings.wakes > this.steps.ring.parks) throw new Error("it wakes the server while that does not wait");
    }).then(
      () => this.#crashed("it ended"),
      (error) => this.#crashed(error instanceof Error ? error.message : `${error}`),
    );
  }

  get isAlive(): boolean {
    return this.#death === null;
  }

  /** It is gone, and nobody ended it because it was not needed. */
  get hasCrashed(): boolean {
    return this.#death !== null && this.#death.trouble !== null;
  }

  get pid(): number {
    return this.#options.process.pid;
  }

  /** Runs that are not over. */
  get running(): number {
    return this.#runs.size;
  }

  /** Requests that it has not answered. */
  get asked(): number {
    return this.#requests.size;
  }

  /** Begins a run. It is over at once when the cell is gone. */
  run(options: RunOptions): Run {
    const run: Run = new Run(this.steps, {
      ...options,
      onSettled: () => {
        this.#runs.delete(run);
        options.onSettled();
      },
    });
    if (this.#death) {
      run.lose(this.#death.code, this.#death.message);
      return run;
    }
    this.#runs.add(run);
    run.enqueue();
    return run;
  }

  /** Rejects with a CellError when the cell refuses, with CellGone when it ends before it answers. */
  async request(request: CellRequest, { timeoutMs, file, isNewFile, log }: RequestOptions): Promise<CellReply> {
    if (this.#death) throw new CellGone(this.#death.message);
    if (this.#requests.size >= MOST_REQUESTS) throw new CellError("The cell has too much to answer", 0);
    const id = this.#lastRequest = (this.#lastRequest + 1) >>> 0;
    const bytes = encodeRequest(id, request);
    const timer = setTimeout(() => this.#crashed(`it did not answer request ${request.operation}`), timeoutMs);
    const logLeft = LOG_SLACK * ((request.logBytes ?? 0) + LIMITS.logBytesPerRequest);
    const pending: Pending = { ...Promise.withResolvers<CellReply>(), log, logLeft, timer };
    this.#requests.set(id, pending);
    try {
      this.#options.process.send(bytes, file ?? null, isNewFile ?? false);
    } catch (error) {
      clearTimeout(timer);
      this.#requests.delete(id);
      const isLost = file !== undefined && !isNewFile && error instanceof NativeError && LOST.has(error.code);
      throw isLost ? new CellError(error.message, 0) : error;
    }
    return await pending.promise;
  }

  reply(reply: CellReply): void {
    const pending = this.#requests.get(reply.id);
    if (!pending) throw new Error(`it answered request ${reply.id}, which nobody made`);
    this.#requests.delete(reply.id);
    clearTimeout(pending.timer);
    if (reply.error === 0) pending.resolve(reply);
    else pending.reject(new CellError(reply.text || `error ${reply.error}`, reply.error));
  }

  log(id: number, level: LogLevel, text: string): void {
    const pending = this.#requests.get(id);
    if (!pending) throw new Error(`it told of request ${id}, which nobody made`);
    pending.logLeft -= text.length + LOG_LINE_COST;
    if (pending.logLeft < 0) throw new Error("it tells more of a program than a log has room for");
    pending.log?.({ level, text });
  }

  damaged(object: number): void {
    if (++this.#damages > MOST_REQUESTS) throw new Error("it finds damage without end");
    this.#options.onDamaged(this, object);
  }

  /** Looks whether it still does what it has to: a cell cannot be trusted to end a step in time. */
  check(nowMs: number): void {
    for (const run of this.#runs.members) {
      if (run.overdueMs(nowMs) > MOST_OVERDUE_MS) return this.#crashed("it did not end a step at its deadline");
    }
  }

  /** Ends it now; what runs in it fails as `death` says. Resolves when the process is gone. */
  end(death: Death = { code: "crash", message: CRASHED, trouble: null }): Promise<void> {
    if (this.#death === null) {
      this.#death = death;
      this.#ended = this.#bury(death);
    }
    return this.#ended!;
  }

  #crashed(trouble: string): void {
    const { ranOutOfMemory } = this.#options.group;
    if (ranOutOfMemory) {
      this.end({ code: "memory", message: TOO_LARGE, trouble: "the kernel found no more memory for it" });
    } else this.end({ code: "crash", message: CRASHED, trouble });
  }

  async #bury({ code, message, trouble }: Death): Promise<void> {
    const { process, group, onDead, onTrouble } = this.#options;
    this.steps.turns.close();
    onDead(this);
    for (const run of this.#runs.members) run.lose(code, message);
    for (const { timer, reject } of this.#requests.values()) {
      clearTimeout(timer);
      reject(new CellGone(message));
    }
    this.#requests.clear();
    closeQuietly(process.told);
    await this.#serving;
    const how = await process.end().catch((error) => `${error}`);
    await group.remove();
    if (trouble !== null) onTrouble(`${trouble} (${how})`);
  }
}

/** Whoever reads of it may have found it closed. */
function closeQuietly(connection: Deno.UnixConn): void {
  try {
    connection.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
