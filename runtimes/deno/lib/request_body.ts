/** The body of the request: as it comes, within credit. */
import { FrameType } from "../../../ffi/layout.ts";
import { output } from "./output.ts";

type Bytes = Uint8Array<ArrayBuffer>;

export class RequestBody {
  readonly #pieces: Bytes[] = [];
  #isComplete = false;
  #failure: unknown = null;
  #controller: ReadableByteStreamController | null = null;
  #wanted: (() => void) | null = null;

  add(bytes: Bytes): void {
    this.#pieces.push(bytes);
    this.#wanted?.();
  }

  end(): void {
    this.#isComplete = true;
    this.#wanted?.();
  }

  fail(reason: unknown): void {
    if (this.#isComplete) return;
    this.#failure = reason;
    try {
      this.#controller?.error(reason);
    } catch {
      // It was read to its end, or canceled.
    }
  }

  /** All of it, where all has come; what is read of the stream is granted again. */
  content(): Bytes | ReadableStream<Bytes> {
    return this.#isComplete ? joined(this.#pieces) : this.#stream();
  }

  #stream(): ReadableStream<Bytes> {
    return new ReadableStream<Bytes>({
      type: "bytes",
      start: (controller) => void (this.#controller = controller as ReadableByteStreamController),
      pull: async (controller) => {
        while (this.#pieces.length === 0 && !this.#isComplete) {
          if (this.#failure !== null) return;
          await new Promise<void>((resolve) => this.#wanted = resolve);
          this.#wanted = null;
        }
        const piece = this.#pieces.shift();
        if (piece === undefined) {
          controller.close();
          (controller as ReadableByteStreamController).byobRequest?.respond(0);
          return;
        }
        output.word(FrameType.CREDIT, piece.length);
        output.flush();
        controller.enqueue(piece);
      },
      cancel: () => this.#drain(),
    }, { highWaterMark: 0 });
  }

  /** Nobody reads the rest. */
  #drain(): void {
    this.#pieces.length = 0;
  }
}

function joined(pieces: readonly Bytes[]): Bytes {
  if (pieces.length === 1) return pieces[0];
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
