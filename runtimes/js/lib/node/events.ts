/** node:events: the class is the package events', which can be called without `new`, as old packages do. */
import Emitter from "events-package";
import * as events from "unenv/node/events";

// deno-lint-ignore no-explicit-any
const EventEmitter = Emitter as any;

const isEmitter = (target: unknown): target is { setMaxListeners(most: number): void } =>
  typeof (target as { setMaxListeners?: unknown })?.setMaxListeners === "function";

function setMaxListeners(most = EventEmitter.defaultMaxListeners, ...targets: unknown[]): void {
  if (targets.length === 0) EventEmitter.defaultMaxListeners = most;
  // An EventTarget takes any number.
  for (const target of targets) if (isEmitter(target)) target.setMaxListeners(most);
}

export default Object.assign(EventEmitter, {
  EventEmitter,
  EventEmitterAsyncResource: events.EventEmitterAsyncResource,
  addAbortListener: events.addAbortListener,
  captureRejectionSymbol: events.captureRejectionSymbol,
  errorMonitor: events.errorMonitor,
  getEventListeners: events.getEventListeners,
  listenerCount: (emitter: { listenerCount(name: string): number }, name: string) => emitter.listenerCount(name),
  on: events.on,
  once: events.once,
  setMaxListeners,
});
