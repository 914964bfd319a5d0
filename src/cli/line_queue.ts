/** A reader that falls behind by more loses lines. */
const LINES_AT_MOST = 1000;
/** How long the last lines may take to be written when the process ends. */
const LAST_WRITE_MS = 500;

export interface Output {
  write(bytes: Uint8Array): Promise<number>;
}

/** Writes lines without waiting for their reader: a console that nobody reads holds up nothing, nor does one that is gone. */
export class LineQueue {
  readonly #output: Output;
  #waiting: string[] = [];
  #dropped = 0;
  #isGone = false;
  #writing: Promise<void> | null = null;

  constructor(output: Output) {
    this.#output = output;
  }

  add(line: string): void {
    if (this.#isGone) return;
    if (this.#waiting.length < LINES_AT_MOST) this.#waiting.push(line);
    else this.#dropped++;
    this.#writing ??= this.#writeAll();
  }

  /** Waits until all lines are written, but not for a reader that does not read. */
  async flush(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, LAST_WRITE_MS);
    await Promise.race([this.#writing, promise]);
    clearTimeout(timer);
  }

  async #writeAll(): Promise<void> {
    try {
      while (this.#waiting.length > 0) await this.#write(this.#take());
    } catch {
      this.#isGone = true;
      this.#waiting = [];
    }
    this.#writing = null;
  }

  #take(): Uint8Array {
    const lines = this.#waiting;
    if (this.#dropped > 0) lines.push(`… and ${this.#dropped} lines that nobody read in time`);
    this.#waiting = [];
    this.#dropped = 0;
    return new TextEncoder().encode(lines.join("\n") + "\n");
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await this.#output.write(rest));
  }
}
