import { LAYOUT } from "../../ffi/layout.ts";
import type { HostSession } from "../host/host.ts";
import { LIMITS } from "../limits.ts";
import { type FrameReader, type FrameWriter, WireError } from "./wire.ts";

/** Of an answer, beside its bytes: the frame's header, the call's id, whether it failed, and padding. */
const OVERHEAD_BYTES = LAYOUT.frameBytes + 16;

interface Call {
  readonly id: number;
  readonly operation: number;
  readonly argument: Uint8Array<ArrayBuffer>;
}

const encoder = new TextEncoder();

/** What one sandbox has asked of the host: each call is answered once, and is open until the sandbox is handed that. */
export class OpenCalls {
  readonly #session: HostSession;
  readonly #onAnswer: () => void;
  readonly #answers: { id: number; failed: boolean; bytes: Uint8Array }[] = [];
  #answerBytes = 0;
  /** Not asked yet: the sandbox has not taken what it has. */
  readonly #waiting: Call[] = [];
  #waitingBytes = 0;
  #open = 0;

  constructor(session: HostSession, onAnswer: () => void) {
    this.#session = session;
    this.#onAnswer = onAnswer;
  }

  get hasAnswers(): boolean {
    return this.#answers.length > 0;
  }

  take(frame: FrameReader): void {
    if (++this.#open > LIMITS.hostCalls) throw new WireError("Cannot take another host call: too many are open");
    const call = { id: frame.word(0), operation: frame.word(1), argument: frame.bytes(8) };
    if (this.#answerBytes < LIMITS.hostAnswerBytes) return this.#ask(call);
    this.#waitingBytes += call.argument.length;
    if (this.#waitingBytes > LIMITS.hostCallBytes) {
      throw new WireError("Cannot take another host call: the sandbox does not take its answers");
    }
    this.#waiting.push(call);
  }

  /** As many answers as fit one step. */
  write(writer: FrameWriter): void {
    while (this.#answers.length > 0 && this.#answers[0].bytes.length + OVERHEAD_BYTES < writer.room) {
      const { id, failed, bytes } = this.#answers.shift()!;
      writer.answer(id, failed, bytes);
      this.#answerBytes -= bytes.length;
      this.#open--;
    }
    while (this.#waiting.length > 0 && this.#answerBytes < LIMITS.hostAnswerBytes) {
      const call = this.#waiting.shift()!;
      this.#waitingBytes -= call.argument.length;
      this.#ask(call);
    }
  }

  close(): void {
    this.#waiting.length = 0;
    this.#session.close();
  }

  #ask({ id, operation, argument }: Call): void {
    this.#session.call(operation, argument).then(
      (bytes) => this.#answer(id, false, bytes),
      (error) => this.#answer(id, true, encoder.encode(error instanceof Error ? error.message : `${error}`)),
    );
  }

  #answer(id: number, failed: boolean, bytes: Uint8Array): void {
    this.#answers.push({ id, failed, bytes });
    this.#answerBytes += bytes.length;
    this.#onAnswer();
  }
}
