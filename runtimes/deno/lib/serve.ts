/** The loop: a request is read, served and answered, and then the next one is waited for. */
import { setImmediate } from "node:timers";
import { FrameType, HeadFlag } from "../../../ffi/layout.ts";
import { settle } from "./core.ts";
import { Deploy } from "./deploy.ts";
import { forgetEntropy } from "./entropy.ts";
import { Exchange, type Handler } from "./exchange.ts";
import { input, listen, stopListening } from "./line.ts";
import { output } from "./output.ts";

let handler: Handler | null = null;
let current: Exchange | Deploy | null = null;
/** This loop runs: what is over is noticed by it. */
let isAwake = false;

/** Serves what needs nothing from outside without the event loop; leaves the rest to that, and comes back. */
export function serve(): void {
  isAwake = true;
  for (;;) {
    while (!input.next()) {
      output.flush();
      if (!input.wait()) Deno.exit(0);
      if (current === null) forgetEntropy();
    }
    takeFrames();
    settle();
    if (current?.isOver) finish();
    else if (current !== null) break;
  }
  isAwake = false;
  output.flush();
  listen(onFrames);
}

/** The frame that `input` has, and all that came with it. */
function takeFrames(): void {
  const begun = current === null ? begin() : null;
  if (begun === null) current?.take(input);
  while (current !== null && input.next()) current.take(input);
  // A body that came with its head is whole when the handler is called.
  if (begun instanceof Exchange) begun.start(handler!);
}

function begin(): Exchange | Deploy | null {
  // What is late, of the request before.
  if (input.type !== FrameType.HEAD) return null;
  const isDeploy = (input.flags & HeadFlag.DEPLOY) !== 0;
  return current = isDeploy ? new Deploy(input, deployed) : new Exchange(input, over);
}

function onFrames(): void {
  while (current !== null && input.next()) current.take(input);
}

function deployed(found: Handler | null): void {
  handler = found;
  over();
}

function over(): void {
  if (isAwake) return;
  output.flush();
  // Microtasks do not run within one, which this may be; and what was rejected is told of before that.
  setImmediate(() => {
    finish();
    output.flush();
    stopListening();
    serve();
  });
}

function finish(): void {
  current!.writeExit();
  current = null;
}

/** Has a request served so many times, whose answers nobody reads: all of this is compiled when the first one comes. */
export function rehearse(rehearsed: Handler, frames: Uint8Array, times: number): void {
  handler = rehearsed;
  isAwake = true;
  for (let i = 0; i < times; i++) {
    input.add(frames);
    input.next();
    takeFrames();
    settle();
    finish();
    output.drop();
  }
  handler = null;
}
