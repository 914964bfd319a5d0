import type { Task, TaskResult } from "./worker.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const IDLE_MS = 5000;

/** The server's side of worker.ts: started when there is work for it, ended when there was none for a while. */
export class CryptoThread {
  readonly #open = new Map<number, PromiseWithResolvers<Bytes>>();
  #worker: Worker | null = null;
  #idle: ReturnType<typeof setTimeout> | undefined;
  #lastId = 0;

  /** The pieces move over: they are empty here after that. */
  compute(operation: number, pieces: readonly Bytes[]): Promise<Bytes> {
    clearTimeout(this.#idle);
    this.#worker ??= this.#start();
    const id = ++this.#lastId;
    const settled = Promise.withResolvers<Bytes>();
    this.#open.set(id, settled);
    this.#worker.postMessage({ id, operation, pieces } satisfies Task, pieces.map((piece) => piece.buffer));
    return settled.promise;
  }

  close(): void {
    clearTimeout(this.#idle);
    this.#worker?.terminate();
    this.#worker = null;
    for (const { reject } of this.#open.values()) reject(new Error("Cannot compute: its thread has ended"));
    this.#open.clear();
  }

  #start(): Worker {
    const worker = new Worker(import.meta.resolve("./worker.ts"), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<TaskResult>) => {
      const settled = this.#open.get(data.id);
      this.#open.delete(data.id);
      if ("answer" in data) settled?.resolve(data.answer);
      else settled?.reject(new Error(data.error));
      if (this.#open.size === 0) this.#idle = setTimeout(() => this.close(), IDLE_MS);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      this.close();
    };
    return worker;
  }
}
