interface Entry {
  readonly start: () => void;
  readonly refuse: (error: Error) => void;
  readonly owner: object;
}

/** So many at once, the others in turn: functions one after the other, the calls of each in order. */
export class Gate {
  readonly #most: number;
  readonly #mostWaiting: number;
  readonly #mostPerLine: number;
  readonly #lines = new Map<string, Entry[]>();
  readonly #runningOf = new Map<string, number>();
  #running = 0;
  #waiting = 0;

  constructor(most: number, mostWaiting: number, mostPerLine = most) {
    this.#most = most;
    this.#mostWaiting = mostWaiting;
    this.#mostPerLine = mostPerLine;
  }

  get waiting(): number {
    return this.#waiting;
  }

  get isIdle(): boolean {
    return this.#running + this.#waiting === 0;
  }

  /** `owner`: whose entries `forget` drops. */
  async run<T>(line: string, owner: object, work: () => Promise<T>): Promise<T> {
    if (this.#hasPlace(line)) this.#enter(line);
    else await this.#wait(line, owner);
    try {
      return await work();
    } finally {
      this.#leave(line);
      this.#next();
    }
  }

  /** Nobody wants what this owner has waiting. */
  forget(owner: object): void {
    for (const [line, entries] of this.#lines) {
      const kept = entries.filter((entry) => entry.owner !== owner);
      for (const entry of entries) {
        if (entry.owner === owner) entry.refuse(new Error("Cannot go on: nobody waits for it any more"));
      }
      this.#waiting -= entries.length - kept.length;
      if (kept.length === 0) this.#lines.delete(line);
      else this.#lines.set(line, kept);
    }
  }

  #hasPlace(line: string): boolean {
    return this.#running < this.#most && (this.#runningOf.get(line) ?? 0) < this.#mostPerLine;
  }

  #enter(line: string): void {
    this.#running++;
    this.#runningOf.set(line, (this.#runningOf.get(line) ?? 0) + 1);
  }

  #leave(line: string): void {
    this.#running--;
    const running = this.#runningOf.get(line)! - 1;
    if (running > 0) this.#runningOf.set(line, running);
    else this.#runningOf.delete(line);
  }

  #wait(line: string, owner: object): Promise<void> {
    if (this.#waiting >= this.#mostWaiting) {
      return Promise.reject(new Error("Cannot go on: the server has too many calls waiting"));
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
      if (!this.#hasPlace(line)) continue;
      this.#lines.delete(line);
      const entry = entries.shift()!;
      if (entries.length > 0) this.#lines.set(line, entries);
      this.#waiting--;
      this.#enter(line);
      entry.start();
      return;
    }
  }
}
