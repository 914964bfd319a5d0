import { LIMITS } from "../limits.ts";
import type { GuestLine, ResponseSink } from "./tier.ts";
import type { FrameReader } from "./wire.ts";

const LEVELS = ["debug", "info", "warn", "error"] as const;
/** What a line costs at least; runtimes count the same. */
const LINE_BYTES = 64;
/** Runtimes cut a request's log themselves, and say so: what is more than this is dropped. */
const MOST_BYTES = 2 * LIMITS.logBytesPerRequest;

/** The log of one request. */
export class GuestLog {
  readonly #sink: ResponseSink;
  #bytes = 0;

  constructor(sink: ResponseSink) {
    this.#sink = sink;
  }

  take(frame: FrameReader): void {
    this.#bytes += Math.max(LINE_BYTES, frame.length);
    if (this.#bytes > MOST_BYTES) return;
    this.add(LEVELS[frame.aux] ?? "info", frame.text());
  }

  add(level: GuestLine["level"], text: string): void {
    this.#sink.log({ level, text });
  }
}
