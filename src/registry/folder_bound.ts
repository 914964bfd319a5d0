import { join } from "node:path";

const LOOKS_MS = 300;

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
    this.check().then(() => {
      if (!this.#over) this.#next = setTimeout(() => this.#look(), LOOKS_MS);
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
      if (isDirectory) bytes += await bytesBelow(path);
      else bytes += await Deno.lstat(path).then(({ size }) => size, () => 0);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return bytes;
}
