import { LIMITS } from "../limits.ts";
import type { Follower, Logs } from "./log.ts";
import type { LogOwner } from "./log_backlog.ts";
import type { LogRecord } from "./log_record.ts";

/** A log as NDJSON that goes on until its reader leaves. One who is too slow is told how many lines it missed. */
export function logStream(logs: Logs, owner: LogOwner, lines: number): ReadableStream<Uint8Array> {
  const reader = new WaitingReader();
  let subscription: Disposable | null = null;
  return new ReadableStream<Uint8Array>({
    async start() {
      subscription = await logs.follow(owner, lines, reader);
      if (reader.isOver) subscription[Symbol.dispose]();
    },
    async pull(controller) {
      const text = await reader.next();
      if (text === null) controller.close();
      else controller.enqueue(new TextEncoder().encode(text));
    },
    cancel() {
      reader.end();
      subscription?.[Symbol.dispose]();
    },
  });
}

/** Holds what was heard until it is read. */
class WaitingReader implements Follower {
  isOver = false;
  #lines: string[] = [];
  #missed = 0;
  #wake = () => {};

  hear(lines: readonly string[]): void {
    const taken = lines.slice(0, LIMITS.logFollowerLines - this.#lines.length);
    this.#lines.push(...taken);
    this.#missed += lines.length - taken.length;
    this.#wake();
  }

  end(): void {
    this.isOver = true;
    this.#wake();
  }

  /** Lines with their ends, as soon as there are any; null when no more come. */
  async next(): Promise<string | null> {
    while (this.#lines.length === 0) {
      if (this.isOver) return null;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const lines = this.#lines;
    if (this.#missed > 0) lines.push(missedLine(lines.at(-1)!, this.#missed));
    this.#lines = [];
    this.#missed = 0;
    return `${lines.join("\n")}\n`;
  }
}

/** Lines are missed only behind others that wait. */
function missedLine(before: string, missed: number): string {
  const record: LogRecord = {
    ...JSON.parse(before) as LogRecord,
    level: "warn",
    requestId: null,
    code: null,
    text: `${missed} lines were missed here: more came than could be sent`,
  };
  return JSON.stringify(record);
}
