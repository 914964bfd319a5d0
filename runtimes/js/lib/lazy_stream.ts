/**
 * A stream that is set up when somebody first reads it. A middleware that only hands `response.body` on never does: then
 * what the stream was to be made of can stand for it.
 */
import type { Bytes } from "./native.ts";
import { defineProperty } from "./primordials.ts";
import { isLocked } from "./stream_state.ts";
import { ReadableStream, type UnderlyingByteSource } from "./streams.ts";

/** The standard's slots; the package keeps them as properties, and reaches for the controller before anything happens. */
interface Slots {
  _state: string;
  _reader: unknown;
  _storedError: unknown;
  _disturbed: boolean;
  _readableStreamController: { _controlledReadableByteStream: object };
}

/** Gives a source of it. */
type Open<W> = (whole: W) => UnderlyingByteSource;

const CONTROLLER = "_readableStreamController";
const { create } = Object;
const prototype = ReadableStream.prototype;

/** A class below one that returns an object puts its private fields into that object: a WeakMap takes longer. */
class Returned {
  constructor(object: object) {
    return object;
  }
}

class Opening extends Returned {
  readonly #whole: unknown;
  /** null: it was called. */
  #open: Open<unknown> | null;

  constructor(stream: object, whole: unknown, open: Open<unknown>) {
    super(stream);
    this.#whole = whole;
    this.#open = open;
  }

  /** undefined: it was opened, or is a stream of another kind. */
  static wholeOf(stream: object): unknown {
    return #open in stream && stream.#open !== null ? stream.#whole : undefined;
  }

  static open(stream: object): UnderlyingByteSource {
    const opening = stream as Opening;
    const open = opening.#open!;
    opening.#open = null;
    return open(opening.#whole);
  }
}

/** One for all such streams: they tell themselves apart. */
const pending = {
  get(this: object) {
    const real = new ReadableStream(Opening.open(this), { highWaterMark: 0 }) as unknown as Slots;
    const controller = real._readableStreamController;
    controller._controlledReadableByteStream = this;
    defineProperty(this, CONTROLLER, { value: controller, writable: true, enumerable: true, configurable: true });
    return controller;
  },
  enumerable: true,
  configurable: true,
};

/** `whole` is what `open` makes a source of. */
export function lazyStream<W>(whole: W, open: Open<W>): ReadableStream<Bytes> {
  const stream = create(prototype) as Slots & ReadableStream<Bytes>;
  stream._state = "readable";
  stream._reader = undefined;
  stream._storedError = undefined;
  stream._disturbed = false;
  defineProperty(stream, CONTROLLER, pending);
  new Opening(stream, whole, open as Open<unknown>);
  return stream;
}

/** What the stream would give, if nobody has begun to read it; else undefined. */
export const untouched = (stream: ReadableStream<Bytes>): unknown =>
  isLocked(stream) ? undefined : Opening.wholeOf(stream);
