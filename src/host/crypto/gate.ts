interface Entry {
  readonly start: () => void;
  readonly refuse: (error: Error) => void;
  readonly owner: object;
}

/** So many at once, the others in turn: functions one after the other, the calls of each in order. */
export class Gate {
  readonly #most: number;
  readonly #mostWaiting: number;
  readonly #lines = new Map<string, Entry[]>();
  #running = 0;
  #waiting = 0;

  constructor(most: number, mostWaiting: number) {
    this.#most = most;
    this.#mostWaiting = mostWaiting;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** `owner`: whose entries `forget` drops. */
  async run<T>(line: string, owner: object, work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#most) await this.#wait(line, owner);
    else this.#running++;
    try {
      return await work();
    } finally {
      this.#running--;
      this.#next();
    }
  }

  /** Nobody wants what this owner has waiting. */
  forget(owner: object): void {
    for (const [line, entries] of this.#lines) {
      const kept = entries.filter((entry) => entry.owner !== owner);
      for (const entry of entries) {
        if (entry.owner === owner) entry.refuse(new Error("Cannot compute: nobody waits for it any more"));
      }
      this.#waiting -= entries.length - kept.length;
      if (kept.length === 0) this.#lines.delete(line);
      else this.#lines.set(line, kept);
    }
  }

  #wait(line: string, owner: object): Promise<void> {
    if (this.#waiting >= this.#mostWaiting) {
      return Promise.reject(new Error("Cannot compute: the server has too many calls waiting"));
    }
    this.#waiting++;
    return new Promise((start, refuse) => {
      const entries = this.#lines.get(line);
      if (entries) entries.push({ start, refuse, owner });
      else this.#lines.set(line, [{ start, refuse, owner }]);
    });
  }

  #next(): void {
    for (const [line, entries] of this.#lines) {
      this.#lines.delete(line);
      const entry = entries.shift()!;
      if (entries.length > 0) this.#lines.set(line, entries);
      this.#waiting--;
      this.#running++;
      entry.start();
      return;
    }
  }
}
