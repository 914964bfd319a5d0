import { EventTarget } from "./events.ts";
import { native } from "./native.ts";

/** A clone's clock goes on where its snapshot stopped; its origin is such that both together are the time. */
export class Performance extends EventTarget {
  now(): number {
    return native.now();
  }
  get timeOrigin(): number {
    return native.timeOrigin();
  }
  toJSON(): { timeOrigin: number } {
    return { timeOrigin: native.timeOrigin() };
  }
}

export const performance = new Performance();
