import { LAYOUT } from "../../ffi/layout.ts";
import type { HostSession } from "../host/host.ts";
import { LIMITS } from "../limits.ts";
import { type FrameReader, type FrameWriter, WireError } from "./wire.ts";

/** Of an answer, beside its bytes: the frame's header, the call's id, whether it failed, and padding. */
const OVERHEAD_BYTES = LAYOUT.frameBytes + 16;

const encoder = new TextEncoder();

/** What one sandbox has asked of the host: each call is answered once, as soon as the sandbox takes it. */
export class OpenCalls {
  readonly #session: HostSession;
  readonly #onAnswer: () => void;
  readonly #answers: { id: number; failed: boolean; bytes: Uint8Array }[] = [];
  #open = 0;

  constructor(session: HostSession, onAnswer: () => void) {
    this.#session = session;
    this.#onAnswer = onAnswer;
  }

  get hasAnswers(): boolean {
    return this.#answers.length > 0;
  }

  take(frame: FrameReader): void {
    const id = frame.word(0);
    const operation = frame.word(1);
    if (++this.#open > LIMITS.hostCalls) throw new WireError("Cannot take another host call: too many are open");
    this.#session.call(operation, frame.bytes(8)).then(
      (bytes) => this.#answer(id, false, bytes),
      (error) => this.#answer(id, true, encoder.encode(error instanceof Error ? error.message : `${error}`)),
    );
  }

  /** As many answers as fit one step. */
  write(writer: FrameWriter): void {
    while (this.#answers.length > 0 && this.#answers[0].bytes.length + OVERHEAD_BYTES < writer.room) {
      const { id, failed, bytes } = this.#answers.shift()!;
      writer.answer(id, failed, bytes);
    }
  }

  close(): void {
    this.#session.close();
  }

  #answer(id: number, failed: boolean, bytes: Uint8Array): void {
    this.#open--;
    this.#answers.push({ id, failed, bytes });
    this.#onAnswer();
  }
}
