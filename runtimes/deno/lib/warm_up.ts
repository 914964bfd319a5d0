/**
 * A request of `warmup` is asked again and again, and nobody gets the answers: a function's code is compiled when its snapshot
 * is taken. Where one waits for something outside, that was the last.
 */
import { openRehearsalLine } from "./descriptor.ts";

const TIMES = 400;
const MS = 1500;

export class WarmUp {
  readonly #line = openRehearsalLine();
  readonly #until = performance.now() + MS;
  readonly #frame: Uint8Array<ArrayBuffer>;
  #left = TIMES;

  constructor(frame: Uint8Array<ArrayBuffer>) {
    this.#frame = frame;
  }

  /** False: it was asked often enough. */
  ask(): boolean {
    if (this.#left-- <= 0 || performance.now() > this.#until) return false;
    this.#line.send(this.#frame);
    return true;
  }

  askNoMore(): void {
    this.#left = 0;
  }

  close(): void {
    this.#line.close();
  }
}
