import type { ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Clock } from "../../clock.ts";
import { LIMITS } from "../../limits.ts";

export interface IntakeOptions {
  readonly clock: Clock;
  readonly charge: (cpuMs: number) => void;
  /** Whether something waits for the guest. */
  readonly hasNews: () => boolean;
  readonly cutOff: (error: Error) => void;
}

/**
 * What the server sends, before anything is made of it. Reading it takes time on the event loop, however little comes
 * out: it is charged, others have their turn after each piece, and a server that says nothing at length is cut off.
 */
export class Intake {
  readonly #options: IntakeOptions;
  #socket: Socket | null = null;
  #response: IncomingMessage | null = null;
  /** What has come of the response is enough for now. */
  #isHeldBack = false;
  #startedMs = 0;
  #bytesForNothing = 0;
  #interimAnswers = 0;

  constructor(request: ClientRequest, options: IntakeOptions) {
    this.#options = options;
    request.once("socket", (socket) => this.#watch(socket));
    request.on("information", () => {
      if (++this.#interimAnswers > LIMITS.fetchInterimAnswers) this.#cutOff("interim answers");
    });
    request.once("response", (response) => this.#follow(response));
    request.once("close", () => this.end());
  }

  /** The guest has taken something. */
  progress(): void {
    this.#bytesForNothing = 0;
  }

  /** The connection may be others' by now. */
  end(): void {
    this.#socket?.off("data", this.#begin).off("data", this.#finish);
    this.#goOn();
    this.#socket = null;
  }

  /** The parser listens already: one goes before it and one behind. */
  #watch(socket: Socket): void {
    this.#socket = socket;
    socket.prependListener("data", this.#begin).on("data", this.#finish);
  }

  /** `_read` is called when somebody wants more than is there. It lets the connection go on, but not one that is paused. */
  #follow(response: IncomingMessage): void {
    const read = response._read.bind(response);
    response._read = (size) => {
      read(size);
      this.#goOn();
    };
    this.#response = response;
  }

  #goOn(): void {
    if (this.#isHeldBack) this.#socket?.resume();
    this.#isHeldBack = false;
  }

  readonly #begin = (): void => {
    this.#startedMs = this.#options.clock.monotonic();
  };

  readonly #finish = (bytes: Uint8Array): void => {
    const { clock, charge, hasNews } = this.#options;
    charge(clock.monotonic() - this.#startedMs);
    this.#bytesForNothing = hasNews() ? 0 : this.#bytesForNothing + bytes.length;
    // Headers are bounded by themselves; of a body, chunks and compression alike, a few bytes bring one.
    if (this.#bytesForNothing > LIMITS.fetchBytesForNothing) this.#cutOff("bytes that mean nothing");
    const socket = this.#socket;
    if (!socket || socket.destroyed) return;
    socket.pause();
    setImmediate(() => {
      this.#isHeldBack = this.#socket !== null && this.#isFull();
      if (!this.#isHeldBack) socket.resume();
    });
  };

  #isFull(): boolean {
    const response = this.#response;
    return response !== null && !response.complete && response.readableLength >= response.readableHighWaterMark;
  }

  #cutOff(what: string): void {
    this.end();
    this.#options.cutOff(new Error(`the server sends ${what} without end`));
  }
}
