import { join } from "node:path";

const LOOKS_MS = 300;
/** To look at 40,000 files takes two seconds of the server's own time: it has four times as long for others. */
const PAUSE = 4;
/** What a file takes of the disk at least, a folder too: empty ones would never be too many. */
const ENTRY_BYTES = 4096;

/** Watches what others write into a folder, and aborts them when it is too much. */
export class FolderBound implements Disposable {
  readonly #folder: string;
  readonly #mostBytes: number;
  readonly #stop = new AbortController();
  #next: ReturnType<typeof setTimeout>;
  #over = false;

  constructor(folder: string, mostBytes: number) {
    this.#folder = folder;
    this.#mostBytes = mostBytes;
    this.#next = setTimeout(() => this.#look(), LOOKS_MS);
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Throws when it was, or is, too much. */
  async check(): Promise<void> {
    const bytes = await bytesBelow(this.#folder);
    if (bytes > this.#mostBytes) this.#stop.abort(new FolderFull());
    this.signal.throwIfAborted();
  }

  #look(): void {
    const begun = performance.now();
    this.check().then(() => {
      const took = performance.now() - begun;
      if (!this.#over) this.#next = setTimeout(() => this.#look(), Math.max(LOOKS_MS, PAUSE * took));
    }, () => {});
  }

  [Symbol.dispose](): void {
    this.#over = true;
    clearTimeout(this.#next);
  }
}

/** There is more in a folder than there may be. */
export class FolderFull extends Error {
  override readonly name = "FolderFull";
}

/** Files that go meanwhile do not count. */
async function bytesBelow(folder: string): Promise<number> {
  let bytes = 0;
  try {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      const path = join(folder, name);
      if (isDirectory) bytes += ENTRY_BYTES + await bytesBelow(path);
      else bytes += await Deno.lstat(path).then(({ size }) => Math.max(size, ENTRY_BYTES), () => 0);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return bytes;
}
