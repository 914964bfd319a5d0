/** One request to a server and its response, by host calls. */
import { FetchOperation, MOST_EXCHANGES } from "../../../src/host/fetch/operations.ts";
import { MOST_CALL_BYTES } from "../../../src/host/operations.ts";
import type { AbortSignal } from "./abort.ts";
import { hostCall } from "./host_calls.ts";
import { type Bytes, native } from "./native.ts";
import { PromiseIntrinsic, push, shift, slice, split, viewLength } from "./primordials.ts";

const WORD = 4;
/** Of a piece that is sent on its own. */
export const PIECE_BYTES = MOST_CALL_BYTES - 2 * WORD;

let open = 0;
let lastNumber = 0;
const waiting: (() => void)[] = [];

function leave(): void {
  const next = shift(waiting);
  if (next === undefined) open--;
  else next();
}

/** Whether one waits for its turn, or the next one would. */
export const isCrowded = (): boolean => open === MOST_EXCHANGES.sandbox;

export interface ResponseHead {
  readonly status: number;
  readonly statusText: string;
  /** `name\nvalue\n...` */
  readonly headers: string;
  /** The first bytes of the body. */
  readonly bytes: Bytes;
}

const words = (...values: number[]): Bytes => new Uint8Array(new Uint32Array(values).buffer);

function joined(first: Bytes, second: Bytes): Bytes {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}

const wordAt = (bytes: Bytes, offset: number): number =>
  new DataView(bytes.buffer, bytes.byteOffset).getUint32(offset, true);

export class FetchExchange {
  readonly #number = ++lastNumber;
  readonly #signal: AbortSignal;
  #state: "new" | "open" | "over" = "new";
  #sent = true;
  #ended = false;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** All of the response was read. */
  get ended(): boolean {
    return this.#ended;
  }

  /** `head`: method, URL, kind of the body, headers. `body`: goes along; null: `write` will bring it, or there is none. */
  async open(head: Bytes, body: Bytes | null, willWrite: boolean): Promise<ResponseHead> {
    if (open === MOST_EXCHANGES.sandbox) await new PromiseIntrinsic<void>((resolve) => push(waiting, resolve));
    else open++;
    if (this.#state === "over") leave();
    this.#signal.throwIfAborted();
    this.#state = "open";
    this.#sent = !willWrite;
    const call = joined(words(this.#number, head.length), head);
    try {
      const answer = await hostCall(FetchOperation.OPEN, body === null ? call : joined(call, body));
      const bodyAt = 2 * WORD + wordAt(answer, WORD);
      const text = native.utf8Decode(answer.subarray(2 * WORD, bodyAt), false)!;
      const [status, statusText] = split(text, "\n");
      const headers = slice(text, status.length + statusText.length + 2);
      this.#ended = isLast(answer);
      this.#settle();
      return { status: Number(status), statusText, headers, bytes: answer.subarray(bodyAt) };
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The next bytes of the response; there may be none. */
  async read(): Promise<Bytes> {
    const answer = await hostCall(FetchOperation.READ, words(this.#number));
    this.#ended = isLast(answer);
    this.#settle();
    return answer.subarray(WORD);
  }

  /** Resolves when there is room for more. */
  async write(bytes: Bytes, last: boolean): Promise<void> {
    await hostCall(FetchOperation.WRITE, joined(words(this.#number, last ? 1 : 0), bytes));
    this.#sent = last;
    this.#settle();
  }

  /** Whatever is under way ends. */
  close(): void {
    if (this.#state === "open") {
      native.markHandled(hostCall(FetchOperation.CLOSE, words(this.#number)));
      leave();
    }
    this.#state = "over";
  }

  /** The host forgets an exchange that is complete. */
  #settle(): void {
    if (this.#state !== "open" || !this.#sent || !this.#ended) return;
    this.#state = "over";
    leave();
  }
}

const isLast = (answer: Bytes): boolean => wordAt(answer, 0) === 1;

/** Whether a body can go along with the head. */
export const fitsOneCall = (head: Bytes, body: Bytes): boolean => viewLength(head) + viewLength(body) <= PIECE_BYTES;
