/** The loop: a request is read, served and answered, and then the next one is waited for. */
import { setImmediate } from "node:timers";
import { FrameType } from "../../../ffi/layout.ts";
import { settle } from "./core.ts";
import { forgetEntropy } from "./entropy.ts";
import { Exchange, type Handler } from "./exchange.ts";
import { input, listen, stopListening } from "./line.ts";
import { output } from "./output.ts";
import { WarmUp } from "./warm_up.ts";

let handler: Handler;
let current: Exchange | null = null;
let warmUp: WarmUp | null = null;
/** This loop runs: what is over is noticed by it. */
let isAwake = false;

export function serve(served: Handler): void {
  handler = served;
  goOn();
}

/** Serves what needs nothing from outside without the event loop; leaves the rest to that, and comes back. */
function goOn(): void {
  isAwake = true;
  do askAgain(); while (serveOne());
  isAwake = false;
  output.flush();
  warmUp?.askNoMore();
  listen(onFrames);
}

/** Requests of the server have names, and those that only warm up have none. */
function askAgain(): void {
  if (warmUp === null || warmUp.ask()) return;
  output.flush();
  warmUp.close();
  warmUp = null;
}

/** False: it waits for what the event loop brings. */
function serveOne(): boolean {
  while (!input.next()) {
    output.flush();
    if (!input.wait()) Deno.exit(0);
    forgetEntropy();
  }
  takeFrames();
  settle();
  if (current === null) return true;
  if (!current.isOver) return false;
  const isWarmUp = current.id === "" && warmUp === null;
  finish();
  if (isWarmUp) {
    output.flush();
    warmUp = new WarmUp(input.frame);
  }
  return true;
}

/** The frame that `input` has, and all that came with it. */
function takeFrames(): void {
  // What is late, of the request before.
  if (input.type !== FrameType.HEAD) return;
  const begun = current = new Exchange(input, over);
  while (input.next()) begun.take(input);
  // A body that came with its head is whole when the handler is called.
  begun.start(handler);
}

function onFrames(): void {
  while (current !== null && input.next()) current.take(input);
}

function over(): void {
  if (isAwake) return;
  output.flush();
  // Microtasks do not run within one, which this may be; and what was rejected is told of before that.
  setImmediate(() => {
    finish();
    output.flush();
    stopListening();
    goOn();
  });
}

function finish(): void {
  current!.writeExit();
  current = null;
}

/** Has `ask` ask for something, and serves it, so many times. */
export function rehearse(rehearsed: Handler, ask: () => void, times: number): void {
  handler = rehearsed;
  isAwake = true;
  for (let i = 0; i < times; i++) {
    ask();
    serveOne();
  }
  output.flush();
}
