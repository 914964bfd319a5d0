import { LAYOUT } from "../../ffi/layout.ts";
import type { Clock } from "../clock.ts";
import { LIMITS, MiB } from "../limits.ts";
import { HANDLER_KINDS, type HandlerKind, type HeaderList, type Invocation, type Outcome } from "../types.ts";
import { jsContext } from "./context.ts";
import type { Engine } from "./engine.ts";
import type { VersionFiles } from "./version_files.ts";
import { Run } from "./run.ts";
import type { SandboxRef } from "./run_options.ts";
import { type Artifact, BuildError, type GuestLine, type ResponseSink } from "./tier.ts";
import { TurnLine } from "./turns.ts";

/**
 * A build is a request to the base image: its body is the bundle, its answer says which kind of handler was found. The
 * sandbox is kept, gets the warm-up requests, and is frozen.
 */
export class WasmBuild {
  readonly #line = new TurnLine();
  #held: SandboxRef | undefined;

  constructor(
    readonly engine: Engine,
    readonly clock: Clock,
    readonly artifact: Artifact,
    readonly files: VersionFiles,
    readonly log: (line: GuestLine) => void,
    readonly signal: AbortSignal,
  ) {}

  async run(): Promise<{ kind: HandlerKind; image: Uint8Array<ArrayBuffer> }> {
    try {
      const kind = await this.#evaluate();
      for (const path of this.artifact.settings.warmup) await this.#warmUp(path);
      const { sandbox, generation } = this.#held!;
      return { kind, image: await this.engine.native.freeze(sandbox, generation) };
    } finally {
      if (this.#held) this.engine.steps.discard(this.#line, this.#held);
    }
  }

  async #evaluate(): Promise<HandlerKind> {
    const { artifact } = this;
    const { settings, file, mount, id, version } = artifact;
    const answer = new Answer(this.log);
    const context = {
      function: { name: id.name, tenant: id.tenant, version },
      mount,
      env: settings.env,
      file,
      memoryBytes: settings.memoryMb * MiB,
      timeoutMs: settings.timeoutMs,
      timers: LIMITS.timers,
      logBytes: LIMITS.logBytesPerRequest,
    };
    const outcome = await this.#step("POST", `file:///${file}`, artifact.bundle, answer, JSON.stringify(context));
    if (outcome.code !== "ok") throw this.#failed(outcome, null);
    return answer.kind();
  }

  async #warmUp(path: string): Promise<void> {
    const outcome = await this.#step("GET", `http://localhost${path}`, null, new Answer(this.log));
    if (!this.#held || outcome.code !== "ok") throw this.#failed(outcome, path);
  }

  #step(
    method: string,
    url: string,
    body: Uint8Array<ArrayBuffer> | null,
    sink: ResponseSink,
    deploy?: string,
  ): Promise<Outcome> {
    const { id, settings } = this.artifact;
    const invocation: Invocation = {
      requestId: "",
      method,
      url,
      headers: "",
      params: null,
      mount: "",
      body,
      deadlineMs: this.clock.monotonic() + settings.buildTimeoutMs,
      queueMs: 0,
      signal: this.signal,
    };
    const { promise: settled, resolve } = Promise.withResolvers<void>();
    const run = new Run(this.engine.steps, {
      line: this.#line,
      snapshot: LAYOUT.snapshotBase,
      held: this.#held,
      deploy: deploy !== undefined,
      contextOf: deploy === undefined ? jsContext : () => deploy,
      hold: true,
      coldMs: null,
      function: id,
      net: settings.net,
      files: this.files.open,
      cpuMs: settings.buildTimeoutMs,
      bodyBytes: Infinity,
      responseBytes: Infinity,
      invocation,
      sink,
      onSettled: resolve,
      resumes: null,
    });
    this.#held = undefined;
    run.enqueue();
    return run.wait().then(async (outcome) => {
      await settled;
      this.#held = run.held ?? undefined;
      return outcome;
    });
  }

  /** `warmup` is the path of the request that failed; null: the module's evaluation did. */
  #failed(outcome: Outcome, warmup: string | null): BuildError {
    const { buildTimeoutMs, memoryMb } = this.artifact.settings;
    const cannot = warmup === null ? "Cannot evaluate the module" : `Cannot answer the warm-up request ${warmup}`;
    if (outcome.code === "ok") return new BuildError(`${cannot}: the function ended`);
    if (outcome.code === "timeout" || outcome.code === "cpu") {
      return new BuildError(`${cannot}: it takes longer than its buildTimeoutMs of ${buildTimeoutMs}`);
    }
    if (outcome.code === "memory") {
      return new BuildError(`${cannot}: it needs more than its memoryMb of ${memoryMb}`);
    }
    if (outcome.code !== "exception" || !outcome.detail) {
      return new BuildError(`${cannot}: ${outcome.message}${outcome.detail ? `: ${outcome.detail}` : ""}`);
    }
    const [thrown, ...stack] = outcome.detail.split("\n");
    // What the module threw itself says enough, and stands where it was thrown.
    return new BuildError(warmup === null ? thrown : `${cannot}: ${thrown}`, null, stack.join("\n") || null);
  }
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
    const { kind } = JSON.parse(this.#text);
    if (!HANDLER_KINDS.includes(kind)) {
      throw new BuildError(`Cannot use the module: its handler is of an unknown kind, ${kind}`);
    }
    return kind;
  }
}
