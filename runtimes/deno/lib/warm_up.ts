/**
 * A request of `warmup` is asked again and again, and nobody gets the answers: a function's code is compiled when its snapshot
 * is taken. Where one waits for something outside, that was the last.
 */
import { openRehearsalLine } from "./descriptor.ts";
import { collectGarbage } from "./garbage.ts";

/** The second makes good what collecting the garbage of the first does to compiled code. */
const ROUNDS = [{ times: 400, ms: 1500 }, { times: 150, ms: 800 }];

export class WarmUp {
  readonly #line = openRehearsalLine();
  readonly #frame: Uint8Array<ArrayBuffer>;
  #rounds = ROUNDS;
  #left = 0;
  #until = 0;

  constructor(frame: Uint8Array<ArrayBuffer>) {
    this.#frame = frame;
    this.#begin();
  }

  /** False: it was asked often enough. */
  ask(): boolean {
    if (this.#left === 0 || performance.now() > this.#until) {
      if (this.#rounds.length === 0) return false;
      collectGarbage();
      this.#begin();
    }
    this.#left--;
    this.#line.send(this.#frame);
    return true;
  }

  askNoMore(): void {
    this.#left = 0;
    this.#rounds = [];
  }

  close(): void {
    this.#line.close();
  }

  #begin(): void {
    const [{ times, ms }, ...rounds] = this.#rounds;
    this.#rounds = rounds;
    this.#left = times;
    this.#until = performance.now() + ms;
  }
}
