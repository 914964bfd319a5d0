import { domException } from "./dom_exception.ts";
import { reportException } from "./exceptions.ts";
import { defineConstants } from "./publish.ts";
import { apply, push, splice } from "./primordials.ts";
import { native } from "./native.ts";

const PHASES = { NONE: 0, CAPTURING_PHASE: 1, AT_TARGET: 2, BUBBLING_PHASE: 3 } as const;

export interface EventInit {
  bubbles?: boolean;
  cancelable?: boolean;
  composed?: boolean;
}

/** Calls the listeners of the one target that an event has here. False: it was prevented. */
let dispatch: (event: Event, target: object, listeners: readonly Listener[]) => boolean;

/** Marks an event as the engine's own. */
let trusted: <E extends Event>(event: E) => E;

export class Event {
  readonly #type: string;
  readonly #bubbles: boolean;
  readonly #cancelable: boolean;
  readonly #composed: boolean;
  readonly #timeStamp = native.now();
  #target: EventTarget | null = null;
  #phase: number = PHASES.NONE;
  #stopped = false;
  #stoppedAtOnce = false;
  #prevented = false;
  #inPassiveListener = false;
  #trusted = false;

  constructor(type: string, init: EventInit = {}) {
    if (arguments.length === 0) throw new TypeError("Cannot make an event: it needs a type");
    this.#type = `${type}`;
    this.#bubbles = Boolean(init?.bubbles);
    this.#cancelable = Boolean(init?.cancelable);
    this.#composed = Boolean(init?.composed);
  }

  get type(): string {
    return this.#type;
  }
  get target(): EventTarget | null {
    return this.#target;
  }
  get srcElement(): EventTarget | null {
    return this.#target;
  }
  get currentTarget(): EventTarget | null {
    return this.#phase === PHASES.NONE ? null : this.#target;
  }
  get eventPhase(): number {
    return this.#phase;
  }
  get bubbles(): boolean {
    return this.#bubbles;
  }
  get cancelable(): boolean {
    return this.#cancelable;
  }
  get composed(): boolean {
    return this.#composed;
  }
  get defaultPrevented(): boolean {
    return this.#prevented;
  }
  get returnValue(): boolean {
    return !this.#prevented;
  }
  set returnValue(value: boolean) {
    if (!value) this.preventDefault();
  }
  get cancelBubble(): boolean {
    return this.#stopped;
  }
  set cancelBubble(value: boolean) {
    if (value) this.#stopped = true;
  }
  get timeStamp(): number {
    return this.#timeStamp;
  }
  get isTrusted(): boolean {
    return this.#trusted;
  }

  composedPath(): EventTarget[] {
    return this.#phase === PHASES.NONE ? [] : [this.#target!];
  }
  preventDefault(): void {
    if (this.#cancelable && !this.#inPassiveListener) this.#prevented = true;
  }
  stopPropagation(): void {
    this.#stopped = true;
  }
  stopImmediatePropagation(): void {
    this.#stopped = this.#stoppedAtOnce = true;
  }

  static {
    trusted = (event) => {
      event.#trusted = true;
      return event;
    };
    dispatch = (event, target, listeners) => {
      if (event.#phase !== PHASES.NONE) {
        throw domException("InvalidStateError", "Cannot dispatch an event that is being dispatched");
      }
      event.#target = target as EventTarget;
      event.#phase = PHASES.AT_TARGET;
      for (let i = 0; i < listeners.length && !event.#stoppedAtOnce; i++) {
        if (listeners[i].removed) continue;
        event.#inPassiveListener = listeners[i].passive;
        callListener(listeners[i], event, target);
        event.#inPassiveListener = false;
      }
      event.#phase = PHASES.NONE;
      event.#stopped = event.#stoppedAtOnce = false;
      return !event.#prevented;
    };
  }
}
defineConstants(Event, PHASES);

type Callback = ((event: Event) => void) | { handleEvent(event: Event): void };

interface Listener {
  readonly type: string;
  readonly callback: Callback;
  readonly capture: boolean;
  readonly once: boolean;
  readonly passive: boolean;
  readonly forget: () => void;
  removed: boolean;
}

interface ListenerOptions {
  capture?: boolean;
  once?: boolean;
  passive?: boolean;
  signal?: { aborted: boolean; addEventListener(type: string, callback: () => void): void };
}

function callListener(listener: Listener, event: Event, target: object): void {
  if (listener.once) listener.forget();
  try {
    const { callback } = listener;
    if (typeof callback === "function") apply(callback, target, [event]);
    else callback.handleEvent(event);
  } catch (error) {
    reportException(error);
  }
}

const captureOf = (options: unknown): boolean =>
  typeof options === "object" && options !== null ? Boolean((options as ListenerOptions).capture) : Boolean(options);

let hasListener: (target: EventTarget, type: string) => boolean;
/** `shown` is what the event gives as its target. */
let dispatchAt: (event: Event, target: EventTarget, shown?: object) => boolean;

export class EventTarget {
  /** In the order in which they were added; made for the first. */
  #listeners: Listener[] | null = null;

  addEventListener(type: string, callback: Callback | null, options?: ListenerOptions | boolean): void {
    const { once, passive, signal }: ListenerOptions = typeof options === "object" && options !== null ? options : {};
    const capture = captureOf(options);
    const name = `${type}`;
    if (signal !== undefined && typeof signal?.aborted !== "boolean") {
      throw new TypeError("Cannot add a listener whose signal is no AbortSignal");
    }
    if (callback === null || callback === undefined) return;
    if (typeof callback !== "function" && typeof callback !== "object") {
      throw new TypeError("Cannot add a listener that is neither a function nor an object");
    }
    if (signal?.aborted) return;
    this.#listeners ??= [];
    if (this.#find(name, callback, capture) >= 0) return;
    const forget = () => this.#forget(listener);
    const listener: Listener = {
      type: name,
      callback,
      capture,
      once: Boolean(once),
      passive: Boolean(passive),
      forget,
      removed: false,
    };
    push(this.#listeners, listener);
    signal?.addEventListener("abort", forget);
  }

  removeEventListener(type: string, callback: Callback | null, options?: ListenerOptions | boolean): void {
    const at = this.#find(`${type}`, callback, captureOf(options));
    if (at >= 0) this.#listeners![at].forget();
  }

  dispatchEvent(event: Event): boolean {
    if (!(event instanceof Event)) throw new TypeError("Cannot dispatch what is no event");
    return dispatchAt(event, this);
  }

  #find(type: string, callback: Callback | null, capture: boolean): number {
    const listeners = this.#listeners ?? [];
    for (let i = 0; i < listeners.length; i++) {
      const { type: itsType, callback: itsCallback, capture: itsCapture } = listeners[i];
      if (itsType === type && itsCallback === callback && itsCapture === capture) return i;
    }
    return -1;
  }

  #forget(listener: Listener): void {
    listener.removed = true;
    const listeners = this.#listeners!;
    for (let i = 0; i < listeners.length; i++) {
      if (listeners[i] === listener) splice(listeners, i, 1);
    }
  }

  /** A copy: a listener may add others. */
  #of(type: string): Listener[] {
    const found: Listener[] = [];
    const listeners = this.#listeners ?? [];
    for (let i = 0; i < listeners.length; i++) {
      if (listeners[i].type === type) push(found, listeners[i]);
    }
    return found;
  }

  static {
    hasListener = (target, type) => target.#of(type).length > 0;
    dispatchAt = (event, target, shown = target) => dispatch(event, shown, target.#of(event.type));
  }
}

export { dispatchAt, hasListener, trusted };
