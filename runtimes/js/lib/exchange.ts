/** The one request that this sandbox serves now. */
import { type AbortSignal, abortSignal, newSignal } from "./abort.ts";
import { abortError } from "./dom_exception.ts";
import { HeadString, native } from "./native.ts";

export class Exchange {
  #method: string | null = null;
  #url: string | null = null;
  #id: string | null = null;
  #signal: AbortSignal | null = null;
  #canceled = false;

  /** `context` is the frame's: JSON, or empty. */
  constructor(readonly context: string) {}

  get method(): string {
    return this.#method ??= native.headString(HeadString.METHOD);
  }
  get url(): string {
    return this.#url ??= native.headString(HeadString.URL);
  }
  get id(): string {
    return this.#id ??= native.headString(HeadString.ID);
  }
  get signal(): AbortSignal {
    if (this.#signal === null) {
      this.#signal = newSignal();
      if (this.#canceled) abortSignal(this.#signal, canceled());
    }
    return this.#signal;
  }

  cancel(): void {
    this.#canceled = true;
    if (this.#signal !== null) abortSignal(this.#signal, canceled());
  }
}

const canceled = () => abortError("The request was canceled: its caller left, or its deadline passed");
