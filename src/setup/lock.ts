/**
 * One process at a time changes the cache. The kernel drops the lock of a process that was killed, so
 * it can never be left behind.
 */
export class CacheLock {
  #holders = 0;
  #file: Promise<Deno.FsFile> | null = null;
  #waited = false;

  /** `onWait` runs at most once, `onTaken` each time that this process gets the lock. */
  constructor(
    private readonly path: string,
    private readonly onWait: () => void,
    private readonly onTaken: () => Promise<void>,
  ) {}

  /** Several works of this process share the lock. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    this.#holders++;
    try {
      await (this.#file ??= this.#take());
      return await work();
    } finally {
      if (--this.#holders === 0) await this.#release();
    }
  }

  async #take(): Promise<Deno.FsFile> {
    const file = await Deno.open(this.path, { create: true, write: true, mode: 0o600 });
    try {
      if (!await file.tryLock(true)) {
        if (!this.#waited) this.onWait();
        this.#waited = true;
        await file.lock(true);
      }
      await this.onTaken();
      return file;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  async #release(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    // A lock that could not be taken has nothing to release; its holders were told why.
    await file?.then((file) => file.close(), () => {});
  }
}
