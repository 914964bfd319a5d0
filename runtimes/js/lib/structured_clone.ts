import { Blob, File, isBlob } from "./blob.ts";
import { isCryptoKey, keyData, makeKey } from "./crypto/key.ts";
import { dictionary } from "./dictionary.ts";
import { domException } from "./dom_exception.ts";
import { isError } from "./error_text.ts";
import { brief } from "./inspect.ts";
import { native } from "./native.ts";
import { isPlatformObject } from "./platform_objects.ts";

const ERRORS = new Map<string, ErrorConstructor>(
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError]
    .map((constructor) => [constructor.name, constructor as ErrorConstructor]),
);

const refuse = (value: unknown): never => {
  throw domException("DataCloneError", `Cannot clone ${brief(value)}`);
};

const copyOf = (blob: Blob): Blob =>
  blob instanceof File
    ? new File([blob], blob.name, { type: blob.type, lastModified: blob.lastModified })
    : blob.slice(0, blob.size, blob.type);

interface Ports {
  isPort(value: unknown): value is object;
  isDetached(port: object): boolean;
  /** A new port in its place. */
  transfer(port: object): object;
}

/** `message_channel.ts` is above this module: it says itself what becomes of ports. */
let ports: Ports;

export function onPortTransfer(handlers: Ports): void {
  ports = handlers;
}

/** What is transferred moves over: it is detached in the original. */
class Cloning {
  readonly #copies = new Map<object, unknown>();
  constructor(readonly transferred: readonly unknown[]) {}

  value(value: unknown): unknown {
    if (typeof value === "symbol" || typeof value === "function") refuse(value);
    if (typeof value !== "object" || value === null) return value;
    const known = this.#copies.get(value);
    return known !== undefined ? known : this.#object(value);
  }

  #remember<T extends object>(original: object, copy: T): T {
    this.#copies.set(original, copy);
    return copy;
  }

  #object(object: object): unknown {
    if (native.proxyTarget(object) !== undefined) refuse(object);
    if (ArrayBuffer.isView(object)) return this.#remember(object, this.#view(object));
    if (isBlob(object)) return this.#remember(object, copyOf(object));
    if (ports.isPort(object)) return this.#port(object);
    if (isCryptoKey(object)) return this.#remember(object, makeKey(keyData(object)));
    if (isError(object)) return this.#error(object);
    switch (native.className(object)) {
      case "Array":
        return this.#properties(object, this.#remember(object, new Array((object as unknown[]).length)));
      case "Object":
        if (isPlatformObject(object)) refuse(object);
        return this.#properties(object, this.#remember(object, {}));
      case "Boolean":
      case "Number":
      case "String":
      case "BigInt":
        return this.#remember(object, Object((object as { valueOf(): unknown }).valueOf()));
      case "Date":
        return this.#remember(object, new Date((object as Date).getTime()));
      case "RegExp":
        return this.#remember(object, new RegExp((object as RegExp).source, (object as RegExp).flags));
      case "Map":
        return this.#map(object as Map<unknown, unknown>);
      case "Set":
        return this.#set(object as Set<unknown>);
      case "ArrayBuffer":
        return this.#remember(object, this.#buffer(object as ArrayBuffer));
      default:
        return refuse(object);
    }
  }

  #port(port: object): unknown {
    if (!this.transferred.includes(port)) refuse(port);
    return this.#remember(port, ports.transfer(port));
  }

  #buffer(buffer: ArrayBuffer): ArrayBuffer {
    return this.transferred.includes(buffer) ? buffer.transfer() : buffer.slice(0);
  }

  #view(view: ArrayBufferView): ArrayBufferView {
    const { byteOffset, byteLength } = view;
    const length = view instanceof DataView ? byteLength : (view as unknown as { length: number }).length;
    const buffer = this.value(view.buffer) as ArrayBuffer;
    const constructor = view instanceof DataView
      ? DataView
      : (globalThis as unknown as Record<string, typeof DataView>)[Object.prototype.toString.call(view).slice(8, -1)];
    return new constructor(buffer, byteOffset, length);
  }

  #error(error: Error): Error {
    const constructor = ERRORS.get(error.name) ?? Error;
    const copy = this.#remember(error, new constructor(error.message));
    const { stack } = error;
    Object.defineProperty(copy, "stack", { value: stack, writable: true, configurable: true });
    if (Object.hasOwn(error, "cause")) {
      const value = this.value(error.cause);
      Object.defineProperty(copy, "cause", { value, writable: true, configurable: true });
    }
    return copy;
  }

  #map(map: Map<unknown, unknown>): Map<unknown, unknown> {
    const copy = this.#remember(map, new Map());
    for (const [key, value] of [...map]) copy.set(this.value(key), this.value(value));
    return copy;
  }

  #set(set: Set<unknown>): Set<unknown> {
    const copy = this.#remember(set, new Set());
    for (const value of [...set]) copy.add(this.value(value));
    return copy;
  }

  #properties<T extends object>(original: object, copy: T): T {
    for (const key of Object.keys(original)) {
      const value = this.value((original as Record<string, unknown>)[key]);
      Object.defineProperty(copy, key, { value, writable: true, enumerable: true, configurable: true });
    }
    return copy;
  }
}

function isTransferable(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (ports.isPort(value)) return !ports.isDetached(value);
  return native.className(value) === "ArrayBuffer" && !(value as ArrayBuffer).detached;
}

/** The copy, and what became of each thing that was transferred. */
export function cloneWithTransfer(value: unknown, transfer: readonly unknown[]) {
  transfer.forEach((item, i) => {
    if (!isTransferable(item) || transfer.indexOf(item) !== i) refuse(item);
  });
  const cloning = new Cloning(transfer);
  const copy = cloning.value(value);
  return { copy, transferred: transfer.map((item) => cloning.value(item)) };
}

export function structuredClone(value: unknown, options?: { transfer?: Iterable<unknown> }): unknown {
  if (arguments.length === 0) throw new TypeError("Cannot clone nothing");
  return cloneWithTransfer(value, [...dictionary(options).transfer ?? []]).copy;
}
