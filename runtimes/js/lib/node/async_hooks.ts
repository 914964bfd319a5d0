/** node:async_hooks: a context that follows promises, `await`, timers and microtasks (engine/async_context.c). */
import { native } from "../native.ts";

type Callback<R = unknown> = (...args: never[]) => R;
type Context = ReadonlyMap<AsyncLocalStorage<unknown>, unknown>;

const currentContext = (): Context | undefined => native.asyncContext() as Context | undefined;

/** Runs a callback in a context, and comes back to the one before. */
function runIn<R>(context: Context | undefined, callback: () => R): R {
  const before = currentContext();
  native.setAsyncContext(context);
  try {
    return callback();
  } finally {
    native.setAsyncContext(before);
  }
}

export class AsyncLocalStorage<T> {
  readonly name: string;
  readonly #defaultValue: T | undefined;

  constructor({ defaultValue, name = "" }: { defaultValue?: T; name?: string } = {}) {
    this.#defaultValue = defaultValue;
    this.name = `${name}`;
  }

  static bind<F extends Callback>(callback: F): F {
    return AsyncResource.bind(callback);
  }

  static snapshot(): <R>(callback: Callback<R>, ...args: never[]) => R {
    const context = currentContext();
    return (callback, ...args) => runIn(context, () => callback(...args));
  }

  #with(store: T | undefined): Context {
    return new Map(currentContext()).set(this as AsyncLocalStorage<unknown>, store);
  }

  run<R>(store: T, callback: Callback<R>, ...args: never[]): R {
    return runIn(this.#with(store), () => callback(...args));
  }

  exit<R>(callback: Callback<R>, ...args: never[]): R {
    return runIn(this.#with(undefined), () => callback(...args));
  }

  enterWith(store: T): void {
    native.setAsyncContext(this.#with(store));
  }

  disable(): void {
    native.setAsyncContext(this.#with(undefined));
  }

  getStore(): T | undefined {
    const context = currentContext();
    const key = this as AsyncLocalStorage<unknown>;
    return context?.has(key) ? context.get(key) as T : this.#defaultValue;
  }
}

let lastAsyncId = 1;

/** Keeps the context in which it was made. */
export class AsyncResource {
  readonly type: string;
  readonly #context = currentContext();
  readonly #asyncId = ++lastAsyncId;

  constructor(type: string) {
    this.type = type;
  }

  static bind<F extends Callback>(callback: F, type = "bound-anonymous-fn"): F {
    return new AsyncResource(type).bind(callback);
  }

  bind<F extends Callback>(callback: F): F {
    const context = this.#context;
    return function (this: unknown, ...args: never[]) {
      return runIn(context, () => Reflect.apply(callback, this, args));
    } as F;
  }

  runInAsyncScope<R>(callback: Callback<R>, self?: unknown, ...args: never[]): R {
    return runIn(this.#context, () => Reflect.apply(callback, self, args));
  }

  asyncId(): number {
    return this.#asyncId;
  }
  triggerAsyncId(): number {
    return 0;
  }
  emitDestroy(): this {
    return this;
  }
}

/** Hooks see nothing: this engine tells nobody of its asynchronous resources. */
export const createHook = (): { enable(): unknown; disable(): unknown } => ({
  enable() {
    return this;
  },
  disable() {
    return this;
  },
});

export const executionAsyncId = (): number => 0;
export const triggerAsyncId = (): number => 0;
export const executionAsyncResource = (): object => ({});
