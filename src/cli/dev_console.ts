import { STATUS_OF } from "../errors.ts";
import { LIMITS } from "../limits.ts";
import type { Event, LogEvent, RequestEvent } from "../observe/events.ts";
import { type FunctionId, qualifiedName } from "../types.ts";
import { logLines, type LogText } from "./log_lines.ts";
import type { Shell } from "./shell.ts";
import { clip } from "./terminal.ts";

/** Brings a stack to the user's files, with the line where it began. */
export type Explain = (id: FunctionId, version: string, text: string) => Promise<string>;

/** Of what waits for its stack; more is dropped and counted. */
const WAITING_AT_MOST = 1000;

/** What `--dev` adds to the console: what functions write, and why their requests fail. */
export class DevConsole {
  readonly #shell: Pick<Shell, "printLater">;
  #explain: Explain = (_id, _version, text) => Promise.resolve(text);
  #lastPrinted: Promise<void> = Promise.resolve();
  #waiting = 0;
  #dropped = 0;

  constructor(shell: Pick<Shell, "printLater">) {
    this.#shell = shell;
  }

  /** What functions write while they are built has the places of the user's files already. */
  begin(explain: Explain): void {
    this.#explain = explain;
  }

  readonly event = (event: Event): void => {
    if (event.type === "log") this.#add(event, event.text);
    if (event.type === "request") this.#failure(event);
  };

  #failure(event: RequestEvent): void {
    const { outcome, method, path, requestId } = event;
    // The status of a response that was cut off after its head may be a good one.
    if (outcome.code === "ok" || STATUS_OF[outcome.code] < 500) return;
    const head = `${method} ${path}: ${outcome.code}: ${outcome.message} (request ${requestId})`;
    this.#add({ ...event, level: "error" }, outcome.detail === null ? head : `${head}\n${outcome.detail}`);
  }

  /** Lines stay in order. */
  #add(
    { atMs, level, id, version }: Pick<LogEvent, "atMs" | "level"> & Pick<RequestEvent, "id" | "version">,
    text: string,
  ): void {
    if (this.#waiting >= WAITING_AT_MOST) return void this.#dropped++;
    this.#waiting++;
    const record = { time: new Date(atMs).toISOString(), level, function: id && qualifiedName(id) };
    this.#lastPrinted = this.#lastPrinted.then(async () => {
      const whole = id === null || version === null ? text : await this.#explain(id, version, text).catch(() => text);
      this.#waiting--;
      this.#print({ ...record, text: clip(whole, LIMITS.logLineBytes) });
    });
  }

  #print(record: LogText): void {
    for (const line of logLines(record)) this.#shell.printLater(...line);
    if (this.#dropped > 0) {
      this.#shell.printLater(`${this.#dropped} lines of functions are left out: they came too fast`);
    }
    this.#dropped = 0;
  }
}
