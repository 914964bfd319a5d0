import type { LogEntry } from "./log_record.ts";
import type { FunctionId } from "../types.ts";

/** Brings the places in a stack from the bundle to the user's own files. */
export type MapStack = (id: FunctionId, version: string, text: string) => Promise<string>;

const LOOKS_LIKE_STACK = /^\s+at .*:\d+/m;
/** Of one batch: a guest that logs nothing but stacks takes this much of the server's time, and no more. */
const DIFFERENT_STACKS = 50;

/** Makes an entry's text, its stack mapped. One for a batch: the stacks of a loop are the same a thousand times. */
export class StackMapper {
  readonly #mapped = new Map<string, string>();

  constructor(private readonly mapStack: MapStack) {}

  async textOf({ id, version, text, detail, unmapped }: LogEntry): Promise<string> {
    const whole = detail === null ? text : `${text}\n${detail}`;
    if (!unmapped || id === null || version === null || !LOOKS_LIKE_STACK.test(whole)) return whole;
    const stack = detail ?? text;
    const key = `${version}\n${stack}`;
    let mapped = this.#mapped.get(key);
    if (mapped === undefined) {
      if (this.#mapped.size >= DIFFERENT_STACKS) return whole;
      mapped = await this.mapStack(id, version, stack).catch(() => stack);
      this.#mapped.set(key, mapped);
    }
    return detail === null ? mapped : `${text}\n${mapped}`;
  }
}
