import type { GuestLine } from "../tier.ts";

const LINES = 10;
const CHARACTERS = 200;

/** What a program printed last, for whoever wants to know why it did not start. */
export class LastLines {
  readonly #lines: string[] = [];

  add({ text }: GuestLine): void {
    if (text.trim() === "") return;
    this.#lines.push(text.slice(0, CHARACTERS));
    if (this.#lines.length > LINES) this.#lines.shift();
  }

  /** The message with them behind it. */
  after(message: string): string {
    return [message, ...this.#lines].join("\n");
  }
}
