import type { Clock } from "../clock.ts";
import type { Deadlines } from "../deadlines.ts";
import { MayflyError } from "../errors.ts";
import { MiB } from "../limits.ts";
import { failure } from "../outcome.ts";
import type { Deployment, FunctionEntry } from "../registry/function.ts";
import type { ResponseSink, Snapshot } from "../tiers/tier.ts";
import type { Invocation, Outcome, TierName } from "../types.ts";
import { Watch } from "../watch.ts";
import { Admission, Gate, type GateLimits, type Refusal, TenantGate, type Waiter } from "./admission.ts";

export interface SchedulerOptions {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly limits: GateLimits & { readonly memoryBytes: number };
  /** Those of now: asked at each request. */
  readonly tenantLimits: (tenant: string) => GateLimits;
  /** Brings a snapshot within reach, of what serves now: the job's own may have been replaced while it waited. */
  readonly load: (entry: FunctionEntry) => Promise<Snapshot>;
}

export interface Job {
  readonly entry: FunctionEntry;
  readonly deployment: Deployment;
  readonly invocation: Invocation;
  readonly sink: ResponseSink;
}

/** What the scheduler knows of a function: its gate, and what its runs were like lately. */
class Load {
  /** How long a run that is not over at once holds its place, on average. */
  holdMs = 0;
  /** The largest sandbox seen, slowly forgotten, and the smallest. */
  peakBytes = 0;
  leastBytes = Infinity;
  constructor(readonly gate: Gate) {}

  hold(ms: number): void {
    this.holdMs += (ms - this.holdMs) / AVERAGE_OVER;
  }
}

const SMALLEST_SANDBOX = 4 * MiB;
const AVERAGE_OVER = 8;

/** The one place where runs begin: it bounds how many run, keeps the line fair, and refuses early what cannot be served. */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #admission: Admission;
  readonly #tenants = new Map<string, TenantGate>();
  readonly #loads = new WeakMap<FunctionEntry, Load>();
  #idle: PromiseWithResolvers<void> | null = null;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#admission = new Admission(options.limits);
  }

  get running(): number {
    return this.#admission.running;
  }
  get waiting(): number {
    return this.#admission.waiting;
  }

  /** Resolves when nothing runs and nobody waits. */
  idle(): Promise<void> {
    if (this.running + this.waiting === 0) return Promise.resolve();
    this.#idle ??= Promise.withResolvers();
    return this.#idle.promise;
  }

  /** In the same turn when nothing has to be waited for, else in a promise that never rejects. */
  run(job: Job): Outcome | Promise<Outcome> {
    const load = this.#loadOf(job);
    if (this.#admission.tryEnter(load.gate)) return this.#start(job, load);
    return this.#queue(job, load);
  }

  #start(job: Job, load: Load): Outcome | Promise<Outcome> {
    const weight = load.gate.weight;
    let state: "starting" | "running" | "gone" = "starting";
    const settled = () => {
      if (state === "gone") return;
      if (state === "running") load.hold(this.#heldMs(job));
      state = "gone";
      this.#admission.leave(load.gate, weight);
      if (this.#idle && this.running + this.waiting === 0) this.#idle.resolve();
    };
    // A tier does not throw for what a guest did; if it throws at all, no place may be lost by that.
    const failed = (error: unknown) => {
      settled();
      return failure("internal", "The server failed; its log has the cause", { cause: error });
    };
    const { snapshot } = job.deployment;
    try {
      const outcome = snapshot ? snapshot.run(job.invocation, job.sink, settled) : this.#loadAndRun(job, settled);
      if (!(outcome instanceof Promise)) return learn(outcome, load);
      if (state === "starting") state = "running";
      return outcome.then((ended) => learn(ended, load), failed);
    } catch (error) {
      return failed(error);
    }
  }

  /** How long it has had its place by now. */
  #heldMs({ invocation, deployment }: Job): number {
    const startedMs = invocation.deadlineMs - deployment.settings.timeoutMs + invocation.queueMs;
    return this.#options.clock.monotonic() - startedMs;
  }

  async #loadAndRun(job: Job, settled: () => void): Promise<Outcome> {
    let snapshot: Snapshot;
    try {
      snapshot = await this.#options.load(job.entry);
    } catch (error) {
      settled();
      if (!(error instanceof MayflyError)) return failure("internal", "Cannot load the function", { cause: error });
      return failure(error.code, error.message, { cause: error.cause, retryAfterS: error.retryAfterS });
    }
    return snapshot.run(job.invocation, job.sink, settled);
  }

  #queue(job: Job, load: Load): Outcome | Promise<Outcome> {
    const { clock, deadlines } = this.#options;
    const { invocation } = job;
    const arrivedMs = clock.monotonic();
    const aheadMs = load.holdMs * (1 + load.gate.waiting.size) / Math.max(1, load.gate.limits.concurrency);
    const retryAfterS = Math.max(1, Math.ceil(aheadMs / 1000));
    if (arrivedMs + aheadMs > invocation.deadlineMs) return busy(null, retryAfterS);

    const { promise, resolve } = Promise.withResolvers<Outcome | "admitted">();
    const waiter: Waiter = { admit: () => resolve("admitted") };
    const refusal = this.#admission.wait(load.gate, waiter);
    if (refusal) return busy(refusal, retryAfterS);

    const giveUp = (outcome: Outcome) => {
      this.#admission.giveUp(load.gate, waiter);
      resolve(outcome);
    };
    const watch = new Watch(clock, deadlines, invocation, {
      onDeadline: () => giveUp(busy(null, retryAfterS)),
      onLeft: () => giveUp(failure("canceled", "The caller left")),
    });
    return promise.then((result) => {
      watch.end();
      if (result !== "admitted") return result;
      invocation.queueMs = clock.monotonic() - arrivedMs;
      return this.#start(job, load);
    });
  }

  #loadOf({ entry, deployment }: Job): Load {
    const { settings } = deployment;
    let load = this.#loads.get(entry);
    if (load === undefined) {
      load = new Load(new Gate(this.#tenantOf(entry.id.tenant), settings));
      this.#loads.set(entry, load);
    }
    load.gate.limits = settings;
    load.gate.tenant.limits = this.#options.tenantLimits(entry.id.tenant);
    load.gate.weight = Math.min(settings.memoryMb * MiB, expectedBytes(settings.tier, load));
    return load;
  }

  #tenantOf(name: string): TenantGate {
    let tenant = this.#tenants.get(name);
    if (tenant === undefined) {
      tenant = new TenantGate(name, this.#options.tenantLimits(name));
      this.#tenants.set(name, tenant);
    }
    return tenant;
  }
}

/** What one more sandbox may need. */
function expectedBytes(tier: TierName, { peakBytes, leastBytes }: Load): number {
  // A VM has most of its pages in common with its snapshot: its own are few, and what it needs beyond the least.
  if (tier === "vm") return SMALLEST_SANDBOX + 2 * Math.max(0, peakBytes - leastBytes);
  // A function that never ran may need all that it is allowed; one that did, about what it needed before.
  return peakBytes === 0 ? Infinity : Math.max(SMALLEST_SANDBOX, 2 * peakBytes);
}

/** A growing sandbox is believed at once, a shrinking one slowly. */
function learn(outcome: Outcome, load: Load): Outcome {
  if (outcome.usage) {
    const peak = outcome.usage.memoryPeakBytes;
    load.peakBytes = peak > load.peakBytes ? peak : load.peakBytes + (peak - load.peakBytes) / 64;
    if (peak > 0) load.leastBytes = Math.min(load.leastBytes, peak);
  }
  return outcome;
}

function busy(refusal: Refusal | null, retryAfterS: number): Outcome {
  switch (refusal) {
    case null:
      return failure("overload", "The server cannot answer before the deadline", { retryAfterS });
    case "server":
      return failure("overload", "The server is full", { retryAfterS });
    case "tenant":
      return failure("concurrency", "The tenant is at its limit of requests", { retryAfterS });
    case "function":
      return failure("concurrency", "The function is at its limit of requests", { retryAfterS });
  }
}
