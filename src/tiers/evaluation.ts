import { LAYOUT } from "../../ffi/layout.ts";
import type { Clock } from "../clock.ts";
import { LIMITS, MiB } from "../limits.ts";
import { HANDLER_KINDS, type HandlerKind, type HeaderList, type Invocation, type Outcome } from "../types.ts";
import { type ContextOf, jsContext } from "./context.ts";
import type { Run } from "./run.ts";
import type { RunOptions, SandboxRef } from "./run_options.ts";
import { type Artifact, BuildError, type GuestLine, PassingError, type ResponseSink } from "./tier.ts";
import { TurnLine } from "./turns.ts";
import type { VersionFiles } from "./version_files.ts";

/** Of a module's time, how much others may have computed in its place: that more was too little says nothing of the module. */
const BUSY_PART = 0.9;

export interface EvaluationOptions {
  readonly clock: Clock;
  readonly artifact: Omit<Artifact, "bundle">;
  readonly files: VersionFiles;
  readonly log: (line: GuestLine) => void;
  readonly signal: AbortSignal;
  /** What it starts from. */
  readonly snapshot: number;
  /** Instead of that, a sandbox that is there already. */
  readonly held?: SandboxRef;
  readonly contextOf?: ContextOf;
  /** A guest that watches its time itself has so much more to tell where it was. */
  readonly graceMs?: number;
  /** Begins a run at a worker. */
  readonly begin: (options: RunOptions) => Run;
}

/**
 * A build is a request to a snapshot that serves no function yet: its body is the code, its answer says which kind of handler
 * was found. The sandbox is kept, and gets the warm-up requests.
 */
export class Evaluation {
  readonly line = new TurnLine();
  /** The sandbox, between two steps. */
  held: SandboxRef | undefined;
  readonly #options: EvaluationOptions;

  constructor(options: EvaluationOptions) {
    this.#options = options;
    this.held = options.held;
  }

  /** Throws a BuildError. `more`: what this runtime is told beside what all are. */
  async evaluate(body: Uint8Array<ArrayBuffer>, more: Readonly<Record<string, unknown>> = {}): Promise<HandlerKind> {
    const { settings, file, mount, id, version } = this.#options.artifact;
    const answer = new Answer(this.#options.log);
    const context = {
      function: { name: id.name, tenant: id.tenant, version },
      mount,
      env: settings.env,
      file,
      memoryBytes: settings.memoryMb * MiB,
      timeoutMs: settings.timeoutMs,
      logBytes: LIMITS.logBytesPerRequest,
      ...more,
    };
    const outcome = await this.#step("POST", `file:///${file}`, body, answer, JSON.stringify(context));
    if (outcome.code !== "ok") throw this.#failed(outcome, null);
    return answer.kind();
  }

  /** The requests of `warmup`. Throws a BuildError. */
  async warmUp(): Promise<void> {
    for (const path of this.#options.artifact.settings.warmup) {
      const outcome = await this.#step("GET", `http://localhost${path}`, null, new Answer(this.#options.log));
      if (!this.held || outcome.code !== "ok") throw this.#failed(outcome, path);
    }
  }

  async #step(
    method: string,
    url: string,
    body: Uint8Array<ArrayBuffer> | null,
    sink: ResponseSink,
    deploy?: string,
  ): Promise<Outcome> {
    const { clock, artifact, files, signal, snapshot, contextOf = jsContext, graceMs = 0, begin } = this.#options;
    const { id, settings } = artifact;
    const mostMs = settings.buildTimeoutMs + graceMs;
    const invocation: Invocation = {
      requestId: "",
      method,
      url,
      headers: "",
      params: null,
      mount: "",
      body,
      deadlineMs: clock.monotonic() + mostMs,
      queueMs: 0,
      signal,
    };
    const { promise: settled, resolve } = Promise.withResolvers<void>();
    const { held } = this;
    this.held = undefined;
    const run = begin({
      line: this.line,
      snapshot,
      held,
      deploy: deploy !== undefined,
      contextOf: deploy === undefined ? contextOf : () => deploy,
      hold: true,
      coldMs: null,
      function: id,
      net: settings.net,
      files: files.open,
      cpuMs: mostMs,
      bodyBytes: Infinity,
      responseBytes: Infinity,
      invocation,
      sink,
      onSettled: resolve,
      resumes: null,
    });
    const outcome = run.outcome ?? await run.wait();
    await settled;
    this.held = run.held ?? undefined;
    return outcome;
  }

  /** `warmup` is the path of the request that failed; null: the module's evaluation did. */
  #failed(outcome: Outcome, warmup: string | null): BuildError | PassingError {
    const { buildTimeoutMs, memoryMb } = this.#options.artifact.settings;
    const cannot = warmup === null ? "Cannot evaluate the module" : `Cannot answer the warm-up request ${warmup}`;
    if (outcome.code === "ok") return new BuildError(`${cannot}: the function ended`);
    if (outcome.code === "timeout" && keptWaitingMs(outcome) > buildTimeoutMs * BUSY_PART) {
      return new PassingError(`${cannot}: the machine had no core for it`, { cause: outcome.detail });
    }
    if (outcome.code === "timeout" || outcome.code === "cpu") {
      return new BuildError(`${cannot}: it takes longer than its buildTimeoutMs of ${buildTimeoutMs}`);
    }
    if (outcome.code === "memory") {
      return new BuildError(`${cannot}: it needs more than its memoryMb of ${memoryMb}`);
    }
    if (outcome.code === "overload" || outcome.code === "internal") {
      return new PassingError(`${cannot}: ${outcome.message}`, { cause: outcome.detail });
    }
    if (outcome.code !== "exception" || !outcome.detail) {
      return new BuildError(`${cannot}: ${outcome.message}${outcome.detail ? `: ${outcome.detail}` : ""}`);
    }
    const [thrown, ...stack] = outcome.detail.split("\n");
    // What the module threw itself says enough, and stands where it was thrown.
    return new BuildError(warmup === null ? thrown : `${cannot}: ${thrown}`, null, stack.join("\n") || null);
  }
}

/** While it could have computed. */
function keptWaitingMs({ usage }: Outcome): number {
  return usage ? usage.runMs - usage.cpuMs : 0;
}

/** Takes the answer to a build's request. */
class Answer implements ResponseSink {
  #text = "";
  constructor(readonly log: (line: GuestLine) => void) {}

  head(_status: number, _headers: HeaderList): void {}
  chunk(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#text.length < LAYOUT.chunkMax) this.#text += new TextDecoder().decode(bytes);
  }
  end(): void {}

  kind(): HandlerKind {
    const kind = kindIn(this.#text);
    if (!HANDLER_KINDS.includes(kind as HandlerKind)) {
      throw new BuildError(`Cannot use the module: its handler is of an unknown kind, ${kind}`);
    }
    return kind as HandlerKind;
  }
}

/** What answers may be a hostile guest. */
function kindIn(text: string): unknown {
  try {
    return JSON.parse(text)?.kind;
  } catch {
    return undefined;
  }
}
