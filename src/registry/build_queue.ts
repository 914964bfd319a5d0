import { TenantTurns } from "./tenant_turns.ts";

export interface BuildQueueOptions {
  /** Builds at once; as many again where they are slow. */
  readonly most: number;
  /** A build that takes longer lets others go ahead. */
  readonly patienceMs: number;
}

class Lane<Job extends { readonly tenant: string }> {
  readonly waiting = new TenantTurns<Job>();
  running = 0;
  constructor(readonly most: number) {}

  get isFull(): boolean {
    return this.running >= this.most;
  }
}

interface Build<Job extends { readonly tenant: string }> {
  readonly control: AbortController;
  lane: Lane<Job>;
  ended: Promise<void>;
}

/**
 * Builds wait here: so many run at once, tenants take turns, and what is asked for twice is done once. All begin in the
 * quick lane. One that is slow while others wait goes on in the slow lane, or, where that is full, gives its place up and
 * begins anew when there is room: modules whose evaluation never ends hold up one another, and nobody else.
 */
export class BuildQueue<Job extends { readonly tenant: string }> {
  readonly #patienceMs: number;
  readonly #run: (job: Job, signal: AbortSignal) => Promise<void>;
  readonly #quick: Lane<Job>;
  readonly #slow: Lane<Job>;
  readonly #running = new Map<Job, Build<Job>>();
  #idle: PromiseWithResolvers<void> | null = null;
  #closed = false;

  /** `run` never rejects. */
  constructor({ most, patienceMs }: BuildQueueOptions, run: (job: Job, signal: AbortSignal) => Promise<void>) {
    this.#patienceMs = patienceMs;
    this.#run = run;
    this.#quick = new Lane(most);
    this.#slow = new Lane(most);
  }

  /** A build of it that runs already is of no use any more. */
  add(job: Job): void {
    if (this.#closed) return;
    this.#running.get(job)?.control.abort(new Superseded());
    this.#slow.waiting.delete(job);
    this.#quick.waiting.add(job);
    this.#startMore();
  }

  /** Resolves when nothing builds it any more. */
  async remove(job: Job): Promise<void> {
    for (const { waiting } of this.#lanes) waiting.delete(job);
    const running = this.#running.get(job);
    running?.control.abort(new Superseded());
    await running?.ended;
  }

  /** Whether its build is before or under way. */
  has(job: Job): boolean {
    return this.#running.has(job) || this.#lanes.some(({ waiting }) => waiting.has(job));
  }

  /** Resolves when there is nothing to do. */
  get idle(): Promise<void> {
    if (this.#running.size === 0) return Promise.resolve();
    return (this.#idle ??= Promise.withResolvers()).promise;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { waiting } of this.#lanes) waiting.clear();
    for (const { control } of this.#running.values()) control.abort(new Superseded());
    await this.idle;
  }

  get #lanes(): Lane<Job>[] {
    return [this.#quick, this.#slow];
  }

  #startMore(): void {
    for (const lane of this.#lanes) {
      while (!lane.isFull) {
        // One job is not built twice at the same time.
        const job = lane.waiting.take((job) => !this.#running.has(job));
        if (job === null) break;
        this.#start(job, lane);
      }
    }
    if (this.#running.size > 0) return;
    this.#idle?.resolve();
    this.#idle = null;
  }

  #start(job: Job, lane: Lane<Job>): void {
    const control = new AbortController();
    const build: Build<Job> = { control, lane, ended: Promise.resolve() };
    lane.running++;
    this.#running.set(job, build);
    const patience = setInterval(() => this.#letOthersGo(job, build), this.#patienceMs);
    build.ended = this.#run(job, control.signal).finally(() => {
      clearInterval(patience);
      build.lane.running--;
      this.#running.delete(job);
      this.#startMore();
    });
  }

  #letOthersGo(job: Job, build: Build<Job>): void {
    if (build.lane === this.#slow || this.#quick.waiting.isEmpty || build.control.signal.aborted) return;
    if (this.#slow.isFull) {
      this.#slow.waiting.add(job);
      build.control.abort(new Superseded());
      return;
    }
    build.lane.running--;
    build.lane = this.#slow;
    build.lane.running++;
    this.#startMore();
  }
}

/** The sources changed while they were built, or others go first. */
export class Superseded extends Error {
  override readonly name = "Superseded";
}
