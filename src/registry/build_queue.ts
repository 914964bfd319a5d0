/** Builds wait here: so many run at once, tenants take turns, and what is asked for twice is done once. */
export class BuildQueue<Job extends { readonly tenant: string }> {
  readonly #most: number;
  readonly #run: (job: Job, signal: AbortSignal) => Promise<void>;
  /** In the order in which tenants have their turns. */
  readonly #waiting = new Map<string, Set<Job>>();
  readonly #running = new Map<Job, { readonly control: AbortController; readonly ended: Promise<void> }>();
  #idle: PromiseWithResolvers<void> | null = null;
  #closed = false;

  /** `run` never rejects. */
  constructor(most: number, run: (job: Job, signal: AbortSignal) => Promise<void>) {
    this.#most = most;
    this.#run = run;
  }

  /** A build of it that runs already is of no use any more. */
  add(job: Job): void {
    if (this.#closed) return;
    this.#running.get(job)?.control.abort(new Superseded());
    const jobs = this.#waiting.get(job.tenant);
    if (jobs) jobs.add(job);
    else this.#waiting.set(job.tenant, new Set([job]));
    this.#startMore();
  }

  /** Resolves when nothing builds it any more. */
  async remove(job: Job): Promise<void> {
    this.#waiting.get(job.tenant)?.delete(job);
    const running = this.#running.get(job);
    running?.control.abort(new Superseded());
    await running?.ended;
  }

  /** Whether its build is before or under way. */
  has(job: Job): boolean {
    return this.#running.has(job) || this.#waiting.get(job.tenant)?.has(job) === true;
  }

  /** Resolves when there is nothing to do. */
  get idle(): Promise<void> {
    if (this.#running.size === 0) return Promise.resolve();
    return (this.#idle ??= Promise.withResolvers()).promise;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#waiting.clear();
    for (const { control } of this.#running.values()) control.abort(new Superseded());
    await this.idle;
  }

  #startMore(): void {
    while (this.#running.size < this.#most) {
      const job = this.#next();
      if (job === null) break;
      const control = new AbortController();
      const ended = this.#run(job, control.signal).finally(() => {
        this.#running.delete(job);
        this.#startMore();
      });
      this.#running.set(job, { control, ended });
    }
    if (this.#running.size > 0) return;
    this.#idle?.resolve();
    this.#idle = null;
  }

  #next(): Job | null {
    for (const [tenant, jobs] of this.#waiting) {
      // One job is not built twice at the same time.
      const job = [...jobs].find((job) => !this.#running.has(job));
      if (job === undefined && jobs.size > 0) continue;
      this.#waiting.delete(tenant);
      if (job === undefined) continue;
      jobs.delete(job);
      if (jobs.size > 0) this.#waiting.set(tenant, jobs);
      return job;
    }
    return null;
  }
}

/** The sources changed while they were built. */
export class Superseded extends Error {
  override readonly name = "Superseded";
}
