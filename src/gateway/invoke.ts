import type { Clock } from "../clock.ts";
import type { Deadlines } from "../deadlines.ts";
import { MayflyError } from "../errors.ts";
import { LIMITS, MiB } from "../limits.ts";
import type { Events } from "../observe/events.ts";
import { failure, NO_USAGE } from "../outcome.ts";
import type { Deployment, FunctionEntry, RouteMatch } from "../registry/function.ts";
import { isMethod, USUAL_METHODS } from "../registry/methods.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { GuestLine } from "../tiers/tier.ts";
import { type Invocation, isApp, type Outcome, qualifiedName, type Usage } from "../types.ts";
import type { Address } from "./address.ts";
import type { RequestHead } from "./head.ts";
import { errorResponse, guestResponse } from "./respond.ts";
import { HttpSink } from "./sink.ts";

export interface InvokerOptions {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly scheduler: Scheduler;
  readonly events: Events;
  /** Shows an exception to the caller as well; set in development alone. */
  readonly explain: ((entry: FunctionEntry, version: string, detail: string) => Promise<string>) | null;
}

/** A function call that came by HTTP: from the matched route to the response, and the one event that tells of it. */
export class Invoker {
  readonly #options: InvokerOptions;
  #readingBodies = 0;

  constructor(options: InvokerOptions) {
    this.#options = options;
  }

  /** `prefix` is what of the path led to the tenant: empty, or `/@acme`. Throws a MayflyError that is answered by the gateway. */
  invoke(
    request: Request,
    head: RequestHead,
    address: Address,
    prefix: string,
    match: RouteMatch,
    requestId: string,
    arrivedMs: number,
  ): Response | Promise<Response> {
    const { entry } = match;
    const deployment = entry.active;
    if (deployment === null) throw unavailable(entry, this.#options.explain !== null);
    const call = new Call(this.#options, request, head, address, prefix, match, deployment, requestId, arrivedMs);
    const preset = call.answerByMethod();
    if (preset) return preset;

    if (!head.hasBody) return call.run(null);
    if (head.contentLength > deployment.settings.bodyMb * MiB) {
      return call.refuse(failure("body_too_large", `The request's body is over ${deployment.settings.bodyMb} MB`));
    }
    const isShort = head.contentLength >= 0 && head.contentLength <= LIMITS.bufferedBodyBytes;
    if (!isShort) return call.run(request.body as ReadableStream<Uint8Array<ArrayBuffer>>);
    if (this.#readingBodies >= LIMITS.readingBodies) {
      return call.refuse(failure("overload", "The server waits for too many request bodies", { retryAfterS: 1 }));
    }
    this.#readingBodies++;
    return call.runWithShortBody(() => this.#readingBodies--);
  }
}

/** With `--dev` the caller is who wrote it, and is told what is wrong. */
function unavailable(entry: FunctionEntry, isDev: boolean): MayflyError {
  const functionName = qualifiedName(entry.id);
  if (entry.unavailable) return new MayflyError("tier_unavailable", entry.unavailable, { functionName });
  return entry.state === "building"
    ? new MayflyError("not_deployed", "The function is being built", { functionName, retryAfterS: 1 })
    : new MayflyError("not_deployed", `The function's first build failed; mayfly logs ${functionName} says why`, {
      functionName,
      detail: isDev ? entry.error ?? undefined : undefined,
    });
}

class Call implements Invocation {
  readonly #options: InvokerOptions;
  readonly #request: Request;
  readonly params: Invocation["params"];
  body: Invocation["body"] = null;
  readonly deadlineMs: number;
  queueMs = 0;
  readonly #match: RouteMatch;
  readonly #deployment: Deployment;
  readonly #path: string;
  readonly method: string;
  readonly requestId: string;
  readonly #arrivedMs: number;
  readonly url: string;
  readonly headers: string;
  readonly mount: string;
  /** A tenant's, at the server's own host. */
  readonly #shared: boolean;
  readonly #sink: HttpSink;
  #readerLeft: AbortController | null = null;

  constructor(
    options: InvokerOptions,
    request: Request,
    head: RequestHead,
    address: Address,
    prefix: string,
    match: RouteMatch,
    deployment: Deployment,
    requestId: string,
    arrivedMs: number,
  ) {
    this.#options = options;
    this.#request = request;
    this.#match = match;
    this.params = match.params;
    this.deadlineMs = arrivedMs + deployment.settings.timeoutMs;
    this.#deployment = deployment;
    this.#path = address.path;
    this.method = request.method;
    this.requestId = requestId;
    this.#arrivedMs = arrivedMs;
    this.mount = prefix + match.mount;
    this.#shared = prefix !== "";
    const app = isApp(deployment.kind) && this.mount.length > 1;
    const path = app ? address.path.slice(this.mount.length) || "/" : address.path;
    this.url = `http://${address.host}${path}${address.query}`;
    this.headers = app ? `${head.lines}x-forwarded-prefix\n${this.mount}\n` : head.lines;
    this.#sink = new HttpSink((line) => this.#log(line));
  }

  /** 405, or the answer to OPTIONS where the function's settings name its methods. */
  answerByMethod(): Response | null {
    const { methods } = this.#deployment.settings;
    if (methods === null) return isMethod(this.method) ? null : this.#notAllowed(USUAL_METHODS);
    if (methods.includes(this.method)) return null;
    if (this.method === "HEAD" && methods.includes("GET")) return null;
    const allowed = methods.includes("GET") && !methods.includes("HEAD") ? [...methods, "HEAD"] : [...methods];
    if (this.method === "OPTIONS") {
      this.#tell({ code: "ok", status: 204, usage: NO_USAGE });
      return new Response(null, {
        status: 204,
        headers: {
          allow: [...allowed, "OPTIONS"].join(", "),
          "x-request-id": this.requestId,
          "server-timing": "queue;dur=0",
        },
      });
    }
    return this.#notAllowed(allowed);
  }

  #notAllowed(allowed: readonly string[]): Response {
    const refused = failure("method_not_allowed", `The function does not take ${this.method.slice(0, 32)}`);
    return this.refuse(refused, allowed.join(", "));
  }

  refuse(outcome: Outcome, allow?: string): Response {
    return this.#failed(outcome, allow);
  }

  /** A body that fits one frame is read before a place or a sandbox is taken: a slow sender costs nobody else anything. */
  async runWithShortBody(onRead: () => void): Promise<Response> {
    const { deadlines } = this.#options;
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const alarm = deadlines.at(this.deadlineMs, () => {
      resolve(failure("timeout", "The request's body did not arrive before the deadline"));
    });
    const body = await Promise.race([
      this.#request.bytes().catch(() => failure("canceled", "The caller left while it sent its body")),
      promise,
    ]);
    deadlines.clear(alarm);
    onRead();
    return body instanceof Uint8Array ? this.run(body) : this.#failed(body);
  }

  run(body: Invocation["body"]): Response | Promise<Response> {
    this.body = body;
    const outcome = this.#options.scheduler.run({
      entry: this.#match.entry,
      deployment: this.#deployment,
      invocation: this,
      sink: this.#sink,
    });
    if (!(outcome instanceof Promise)) return this.#finish(outcome);
    return new Promise((resolve) => {
      const answerHead = () => resolve(this.#sink.ended ? this.#whole(null) : this.#streaming());
      outcome.then((ended) => {
        if (this.#sink.usage === null) resolve(this.#finish(ended));
        else this.#ended(ended);
      });
      if (this.#sink.usage) answerHead();
      else this.#sink.onHead = answerHead;
    });
  }

  /** Aborted when the caller leaves, before or after the head. */
  get signal(): AbortSignal {
    this.#readerLeft ??= new AbortController();
    return AbortSignal.any([this.#request.signal, this.#readerLeft.signal]);
  }

  #finish(outcome: Outcome): Response | Promise<Response> {
    if (outcome.code === "ok") return this.#whole(outcome);
    if (this.#options.explain === null || outcome.detail === null) return this.#failed(outcome);
    return this.#options.explain(this.#match.entry, this.#deployment.version, outcome.detail)
      .then((detail) => this.#failed(outcome, undefined, detail));
  }

  /** `outcome` is null when it is told apart, by the run's promise. */
  #whole(outcome: Outcome | null): Response {
    const sink = this.#sink;
    try {
      const response = guestResponse(
        sink.status,
        sink.headers,
        sink.whole(),
        this.requestId,
        sink.usage!,
        this.#shared,
      );
      if (outcome) this.#tell(outcome);
      return response;
    } catch (error) {
      return this.#failed(badResponse(error, sink.usage!));
    }
  }

  #streaming(): Response {
    const sink = this.#sink;
    const leave = () => (this.#readerLeft ??= new AbortController()).abort();
    try {
      return guestResponse(sink.status, sink.headers, sink.stream(leave), this.requestId, sink.usage!, this.#shared);
    } catch (error) {
      leave();
      return this.#failed(badResponse(error, sink.usage!));
    }
  }

  /** A run whose head went out has ended. */
  #ended(outcome: Outcome): void {
    if (outcome.code !== "ok") this.#sink.fail(outcome.code);
    this.#tell(outcome);
  }

  #failed(outcome: Outcome, allow?: string, detail?: string): Response {
    this.#tell(outcome);
    if (outcome.code === "ok") throw new Error("Cannot answer an error: the run was ok");
    return errorResponse(outcome.code, outcome.message, {
      requestId: this.requestId,
      functionName: qualifiedName(this.#match.entry.id),
      retryAfterS: outcome.retryAfterS,
      usage: outcome.usage,
      allow,
      detail,
    });
  }

  #told = false;
  #tell(outcome: Outcome): void {
    if (this.#told) return;
    this.#told = true;
    const { clock, events } = this.#options;
    events.emit({
      type: "request",
      atMs: clock.now(),
      id: this.#match.entry.id,
      version: this.#deployment.version,
      tier: this.#deployment.settings.tier,
      requestId: this.requestId,
      method: this.method,
      path: this.#path,
      outcome,
      wallMs: clock.monotonic() - this.#arrivedMs,
    });
  }

  #log({ level, text }: GuestLine): void {
    const { clock, events } = this.#options;
    const { id } = this.#match.entry;
    events.emit({
      type: "log",
      atMs: clock.now(),
      id,
      version: this.#deployment.version,
      requestId: this.requestId,
      level,
      text,
    });
  }
}

function badResponse(error: unknown, usage: Usage): Outcome {
  return failure("bad_response", "The function's response cannot be sent", { cause: error, usage });
}
