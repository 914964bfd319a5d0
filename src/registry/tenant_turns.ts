/** What waits, each thing once: tenants take turns, and what came first of a tenant goes first. */
export class TenantTurns<Job extends { readonly tenant: string }> {
  /** In the order in which tenants have their turns. */
  readonly #waiting = new Map<string, Set<Job>>();

  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  add(job: Job): void {
    const jobs = this.#waiting.get(job.tenant);
    if (jobs) jobs.add(job);
    else this.#waiting.set(job.tenant, new Set([job]));
  }

  has(job: Job): boolean {
    return this.#waiting.get(job.tenant)?.has(job) === true;
  }

  delete(job: Job): void {
    const jobs = this.#waiting.get(job.tenant);
    if (jobs?.delete(job) && jobs.size === 0) this.#waiting.delete(job.tenant);
  }

  clear(): void {
    this.#waiting.clear();
  }

  /** The next one that may go. */
  take(mayGo: (job: Job) => boolean): Job | null {
    for (const [tenant, jobs] of this.#waiting) {
      const job = [...jobs].find(mayGo);
      if (job === undefined) continue;
      jobs.delete(job);
      this.#waiting.delete(tenant);
      if (jobs.size > 0) this.#waiting.set(tenant, jobs);
      return job;
    }
    return null;
  }
}
