/** The one request that this sandbox serves now. */
import { type AbortSignal, abortSignal, newSignal } from "./abort.ts";
import { abortError } from "./dom_exception.ts";
import { HeadString, native } from "./native.ts";
import { waitUntil } from "./waiting.ts";

export class Exchange {
  #id: string | null = null;
  #signal: AbortSignal | null = null;
  #canceled = false;
  /** Another request has come: what nobody has asked of this one is gone. */
  isOver = false;

  /** `context` is the frame's: JSON, or empty. */
  constructor(readonly context: string) {}

  get method(): string {
    return this.#read(HeadString.METHOD);
  }
  get url(): string {
    return this.#read(HeadString.URL);
  }
  get id(): string {
    return this.#id ??= this.#read(HeadString.ID);
  }
  readHeaders(): string {
    return this.#read(HeadString.HEADERS);
  }
  readHeader(name: string): string | null | undefined {
    return this.isOver ? null : native.headHeader(name);
  }

  #read(which: number): string {
    return this.isOver ? "" : native.headString(which);
  }

  get signal(): AbortSignal {
    if (this.#signal === null) {
      this.#signal = newSignal();
      if (this.#canceled) abortSignal(this.#signal, canceled());
    }
    return this.#signal;
  }

  waitUntil(promise: unknown): void {
    waitUntil(promise);
  }

  cancel(): void {
    this.#canceled = true;
    if (this.#signal !== null) abortSignal(this.#signal, canceled());
  }
}

const canceled = () => abortError("The request was canceled: its caller left, or its deadline passed");
