import { ExitCode, FrameType, HeadFlag, LAYOUT, SLOT, Start, StepFlag, StepResult } from "../../ffi/layout.ts";
import type { ErrorCode } from "../errors.ts";
import { LIMITS } from "../limits.ts";
import { failure, NO_USAGE } from "../outcome.ts";
import type { Invocation, Outcome, StartKind, Usage } from "../types.ts";
import { Watch, type Watcher } from "../watch.ts";
import { BodySource } from "./body_source.ts";
import type { Member } from "./crowd.ts";
import { exitFailure, killFailure } from "./endings.ts";
import { GuestLog } from "./guest_log.ts";
import { GuestResponse } from "./guest_response.ts";
import { OpenCalls } from "./open_calls.ts";
import type { RunOptions, SandboxRef } from "./run_options.ts";
import type { Steps } from "./steps.ts";
import { learnCost, type Turn, type TurnLine } from "./turns.ts";
import { WireError } from "./wire.ts";

type State = "new" | "queued" | "running" | "parked" | "over";

const NS_PER_MS = 1e6;
/** A timer that is to wait longer than this waits 1 ms. */
const LONGEST_WAKE_MS = 2 ** 31 - 1;

/**
 * One request in one sandbox: a state machine over steps. A step hands the sandbox what has come for it (body, credit,
 * answers, a timer, a cancellation) and takes what it wrote; between steps the sandbox is parked and holds no thread.
 */
export class Run implements Turn, Watcher, Member {
  readonly line: TurnLine;
  readonly isForAnyThread: boolean;
  isBegun = false;
  place = -1;
  readonly usage: Usage;
  /** Set once the response is complete or has failed. */
  outcome: Outcome | null = null;
  /** A build's sandbox after a step that ended well. */
  held: SandboxRef | null = null;
  readonly #steps: Steps;
  readonly #options: RunOptions;
  readonly #invocation: Invocation;
  readonly #log: GuestLog;
  #state: State = "new";
  #slot = -1;
  /** Of the step that runs. */
  #stepDeadlineMs = 0;
  #sandbox: SandboxRef | null;
  #body: BodySource;
  readonly #response: GuestResponse;
  #headWritten = false;
  #exit: { code: number; text: string } | null = null;
  #calls: OpenCalls | null = null;
  #wake: ReturnType<typeof setTimeout> | undefined;
  #wakeDue = false;
  /** Of a run that is not over at once; while it runs, its deadline is the shim's to keep. */
  #watch: Watch | null = null;
  #waiting: PromiseWithResolvers<Outcome> | null = null;
  /** The response is given up: one short step to notice, then the sandbox is discarded. */
  #doomed = false;

  constructor(steps: Steps, options: RunOptions) {
    this.#steps = steps;
    this.#options = options;
    this.#invocation = options.invocation;
    this.#log = new GuestLog(options.sink);
    this.line = options.line;
    this.isForAnyThread = options.resumes !== null;
    this.#sandbox = options.held ?? null;
    this.#body = new BodySource(options.invocation.body, options.bodyBytes, this.#onBody);
    this.usage = { ...NO_USAGE, queueMs: options.invocation.queueMs, coldMs: options.coldMs ?? 0 };
    this.#response = new GuestResponse(options.sink, this.usage, options.responseBytes, () => this.#resume());
  }

  /** The next step on the calling thread. False: it was too long for that, and a worker has it now. */
  runInline(): boolean {
    const { ring, turns } = this.#steps;
    const slot = ring.take();
    if (slot < 0) {
      this.enqueue();
      return false;
    }
    if (!this.fill(slot)) {
      ring.release(slot);
      return true;
    }
    if (turns.runInline(this, slot)) return true;
    this.#becomeAsync();
    turns.submit(this, slot);
    return false;
  }

  /** The next step on a worker. */
  enqueue(): void {
    this.#state = "queued";
    this.#becomeAsync();
    this.#steps.turns.add(this);
  }

  /** Resolves with the last byte of the response; for a run that did not end inline. */
  wait(): Promise<Outcome> {
    this.#waiting ??= Promise.withResolvers();
    return this.#waiting.promise;
  }

  fill(slot: number): boolean {
    if (this.#state === "over") return false;
    const { ring, writer } = this.#steps;
    writer.begin(ring.inOffset(slot), LAYOUT.guestInBytes);
    if (!this.#headWritten && !this.#writeHead()) {
      this.#fail("headers_too_large", "The request's URL and headers are too long");
      this.#settle();
      return false;
    }
    this.#writeInput();
    ring.set(slot, SLOT.snapshot, this.#options.snapshot);
    ring.set(slot, SLOT.sandbox, this.#sandbox?.sandbox ?? LAYOUT.newSandbox);
    ring.set(slot, SLOT.generation, this.#sandbox?.generation ?? 0);
    ring.set(slot, SLOT.flags, this.#options.hold ? StepFlag.HOLD : 0);
    ring.set(slot, SLOT.inLength, writer.length);
    const now = this.#steps.clock.monotonic();
    const graceMs = LIMITS.cancelGraceMs;
    const deadlineMs = this.#doomed ? now + graceMs : this.#invocation.deadlineMs;
    const cpuMs = this.#doomed ? graceMs : Math.max(0, this.#options.cpuMs - this.usage.cpuMs);
    // What is late already, for it waited for its cell to start, is not what runs it to answer for.
    this.#stepDeadlineMs = Math.max(deadlineMs, now);
    ring.setWide(slot, SLOT.deadlineNs, this.#steps.toShimNs(deadlineMs));
    ring.setWide(slot, SLOT.cpuLeftNs, Math.round(cpuMs * NS_PER_MS));
    this.#state = "running";
    this.#slot = slot;
    return true;
  }

  done(slot: number): void {
    if (this.#state === "over") return;
    const { ring } = this.#steps;
    this.#slot = -1;
    this.#state = "parked";
    const result = ring.get(slot, SLOT.result);
    this.#account(slot);
    try {
      this.#readFrames(slot, result);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#fail("crash", "The function's sandbox answered nonsense", error.message);
      this.#doomed = true;
    }
    const ref = { sandbox: ring.get(slot, SLOT.outSandbox), generation: ring.get(slot, SLOT.outGeneration) };
    if (result === StepResult.PARKED) this.#parked(ref, ring.get(slot, SLOT.wakeMs));
    else if (result === StepResult.DONE) this.#done(ref);
    else this.#killed(result, ring.get(slot, SLOT.trap), ring.get(slot, SLOT.error) | 0);
  }

  #writeHead(): boolean {
    const { requestId, method, url, headers } = this.#invocation;
    const { deploy, contextOf } = this.#options;
    this.#headWritten = true;
    const flags = (this.#body.isEmpty ? 0 : HeadFlag.HAS_BODY) | (deploy ? HeadFlag.DEPLOY : 0);
    return this.#steps.writer.head(flags, method, url, headers, requestId, contextOf(this.#invocation));
  }

  /** Whatever has come for the sandbox, as far as it fits one step. */
  #writeInput(): void {
    const { writer } = this.#steps;
    if (this.#doomed) {
      writer.cancel();
      return;
    }
    this.#response.writeCredit(writer);
    this.#body.write(writer);
    this.#calls?.write(writer);
    this.#wakeDue = false;
  }

  /** Most requests ask the host for nothing. */
  #openCalls(): OpenCalls {
    return this.#calls ??= new OpenCalls(
      this.#steps.host({
        function: this.#options.function,
        net: this.#options.net,
        files: this.#options.files,
        requestId: this.#invocation.requestId,
        deadlineMs: this.#invocation.deadlineMs,
        charge: (cpuMs) => this.#charge(cpuMs),
      }),
      () => this.#onAnswer(),
    );
  }

  #onAnswer(): void {
    const { turns } = this.#steps;
    const { resumes } = this.#options;
    if (
      resumes === null || this.#state !== "parked" || turns.isClosed || !resumes.allows(this.line, turns.shortSteps)
    ) {
      return this.#resume();
    }
    clearTimeout(this.#wake);
    this.#wake = undefined;
    resumes.ran(this.runInline());
  }

  #charge(cpuMs: number): void {
    this.usage.cpuMs += cpuMs;
    if (this.usage.cpuMs < this.#options.cpuMs) return;
    this.abort("cpu", "The function used more CPU time than its cpuMs, in what the host computed for it");
  }

  get #hasInput(): boolean {
    return this.#doomed || this.#wakeDue || this.#calls?.hasAnswers || this.#body.hasInput ||
      this.#response.hasCredit;
  }

  #account(slot: number): void {
    const { ring } = this.#steps;
    const { usage } = this;
    const cpuNs = ring.getWide(slot, SLOT.cpuNs);
    if (usage.start === null) {
      const start: StartKind = ring.get(slot, SLOT.start) === Start.WARM ? "warm" : "clone";
      usage.start = this.#options.coldMs === null ? start : "cold";
      usage.cloneMs = ring.getWide(slot, SLOT.cloneNs) / NS_PER_MS;
    }
    usage.runMs += ring.getWide(slot, SLOT.runNs) / NS_PER_MS;
    usage.cpuMs += cpuNs / NS_PER_MS;
    usage.memoryPeakBytes = Math.max(usage.memoryPeakBytes, ring.get(slot, SLOT.memoryPeak));
    usage.bytesIn = this.#body.bytesRead;
    learnCost(this.line, cpuNs / 1000);
  }

  /** Of a killed step only the log counts, unless its response was complete already. */
  #readFrames(slot: number, result: number): void {
    const { ring, reader } = this.#steps;
    const offset = ring.outOffset(slot);
    const length = Math.min(ring.get(slot, SLOT.outLength), LAYOUT.guestOutBytes);
    let whole = result === StepResult.PARKED || result === StepResult.DONE;
    if (!whole) {
      for (reader.begin(offset, length); reader.next();) whole ||= reader.type === FrameType.END;
    }
    for (reader.begin(offset, length); reader.next();) {
      if (whole || reader.type === FrameType.LOG) this.#take(reader.type);
    }
    this.#response.flush();
  }

  #take(type: number): void {
    const { reader } = this.#steps;
    switch (type) {
      case FrameType.HEAD:
        return this.#refuse(this.#response.head(reader));
      case FrameType.CHUNK:
        return this.#refuse(this.#response.chunk(reader));
      case FrameType.END:
        return this.#takeEnd();
      case FrameType.CALL:
        return this.#openCalls().take(reader);
      case FrameType.LOG:
        return this.#log.take(reader);
      case FrameType.CREDIT:
        return this.#body.grant(reader.word(0));
      case FrameType.EXIT:
        this.#exit = { code: reader.aux, text: reader.text() };
        return;
      default:
        throw new WireError(`Cannot take a frame of type ${type} from a sandbox`);
    }
  }

  #refuse(problem: string | null): void {
    if (problem !== null) this.#doom("bad_response", problem);
  }

  #takeEnd(): void {
    this.#response.end();
    if (!this.outcome) this.#finish({ code: "ok", status: this.#response.status!, usage: this.usage });
  }

  readonly #onBody = (problem: ErrorCode | null): void => {
    if (problem === null) this.#resume();
    else if (problem === "body_too_large") this.abort(problem, "The request's body is over the function's bodyMb");
    else if (problem === "bad_request") this.abort(problem, "The request's body comes in too many too small chunks");
    else this.abort(problem, "The caller left while it sent its body");
  };

  /** Gives the run up from outside: the caller left, or a limit was passed while the sandbox was parked. */
  abort(code: ErrorCode, message: string): void {
    if (this.#state === "over" || this.#doomed) return;
    this.#doom(code, message);
    if (this.#state === "running") this.#steps.ring.cancel(this.#slot);
    else if (this.#state === "queued" && !this.#sandbox) this.#settle();
    else this.#resume();
  }

  /** For how long a step of it should have been ended by what runs it. */
  overdueMs(nowMs: number): number {
    return this.#state === "running" ? Math.max(0, nowMs - this.#stepDeadlineMs) : 0;
  }

  /** What ran it is gone, with the sandbox. */
  lose(code: ErrorCode, message: string): void {
    if (this.#state === "over") return;
    this.#fail(code, message);
    this.#settle();
  }

  #doom(code: ErrorCode, message: string): void {
    this.#doomed = true;
    this.#fail(code, message);
  }

  #resume(): void {
    if (this.#state !== "parked" || !this.#hasInput) return;
    this.#state = "queued";
    clearTimeout(this.#wake);
    this.#wake = undefined;
    this.#steps.turns.add(this);
  }

  #parked(ref: SandboxRef, wakeMs: number): void {
    const sawCancel = this.#doomed && this.#sandbox !== null && this.outcome !== null;
    this.#sandbox = ref;
    this.isBegun = true;
    if (sawCancel) {
      this.#steps.discard(this.line, ref);
      return this.#settle();
    }
    this.#becomeAsync();
    this.#body.pull();
    if (wakeMs !== LAYOUT.noWake && !this.#hasInput) {
      this.#wake = setTimeout(() => {
        this.#wakeDue = true;
        this.#resume();
      }, Math.min(wakeMs, LONGEST_WAKE_MS));
    }
    this.#resume();
  }

  #done(ref: SandboxRef): void {
    const exit = this.#exit ?? { code: -1, text: "" };
    if (!this.outcome) this.#fail(...exitFailure(exit.code, exit.text));
    else if (this.#response.ended && exit.code !== ExitCode.OK) {
      this.#log.add("error", `After the response: ${exit.text}`);
    }
    if (this.#options.hold) this.held = ref;
    this.#settle();
  }

  #killed(result: number, trap: number, error: number): void {
    const isLate = this.#steps.clock.monotonic() >= this.#invocation.deadlineMs;
    const [code, message, detail] = killFailure(result, trap, error, isLate);
    if (this.#response.ended && !this.#doomed) this.#log.add("error", `After the response: ${message}`);
    this.#fail(code, message, detail);
    this.#settle();
  }

  /** From here on somebody waits. */
  #becomeAsync(): void {
    if (this.#watch || this.#state === "over") return;
    this.#watch = new Watch(this.#steps.clock, this.#steps.deadlines, this.#invocation, this);
    if (this.outcome) this.#watch.answered();
  }

  onDeadline(): void {
    if (this.#state === "running") return;
    if (this.#response.ended) {
      this.#log.add("warn", "After the response: what waitUntil held was cut off at the deadline");
    }
    this.abort("timeout", "The function did not answer before its deadline");
  }

  onLeft(): void {
    this.abort("canceled", "The caller left");
  }

  #fail(code: ErrorCode, message: string, detail?: string): void {
    if (this.outcome) return;
    this.#response.dropped = true;
    this.#finish(failure(code, message, { detail, usage: this.usage, status: this.#response.status ?? undefined }));
  }

  #finish(outcome: Outcome): void {
    this.outcome = outcome;
    this.#watch?.answered();
    this.#waiting?.resolve(outcome);
  }

  #settle(): void {
    if (this.#state === "over") return;
    this.#state = "over";
    clearTimeout(this.#wake);
    this.#body.close();
    this.#calls?.close();
    this.#watch?.end();
    this.#options.onSettled();
  }
}
