/**
 * A stream that is set up when somebody first reads it. A middleware that only hands `response.body` on never does: then
 * what the stream was to be made of can stand for it.
 */
import type { Bytes } from "./native.ts";
import { defineProperty, describe, weakMapGet, weakMapSet } from "./primordials.ts";
import { ReadableStream, type UnderlyingByteSource } from "./streams.ts";

/** The standard's slots; the package keeps them as properties, and reaches for the controller before anything happens. */
interface Slots {
  _state: string;
  _reader: unknown;
  _storedError: unknown;
  _disturbed: boolean;
  _readableStreamController: { _controlledReadableByteStream: object };
}

const CONTROLLER = "_readableStreamController";
const { create } = Object;
const prototype = ReadableStream.prototype;
const sources = new WeakMap<object, unknown>();

/** `whole` is what `open` makes a source of. */
export function lazyStream<W>(whole: W, open: (whole: W) => UnderlyingByteSource): ReadableStream<Bytes> {
  const stream = create(prototype) as Slots & ReadableStream<Bytes>;
  stream._state = "readable";
  stream._reader = undefined;
  stream._storedError = undefined;
  stream._disturbed = false;
  defineProperty(stream, CONTROLLER, {
    get() {
      const real = new ReadableStream(open(whole), { highWaterMark: 0 }) as unknown as Slots;
      const controller = real._readableStreamController;
      controller._controlledReadableByteStream = stream;
      defineProperty(stream, CONTROLLER, { value: controller, writable: true, enumerable: true, configurable: true });
      return controller;
    },
    enumerable: true,
    configurable: true,
  });
  weakMapSet(sources, stream, whole);
  return stream;
}

/** What the stream would give, if nobody has begun to read it; else undefined. */
export function untouched(stream: ReadableStream<Bytes>): unknown {
  const isSetUp = describe(stream, CONTROLLER)?.get === undefined;
  return isSetUp || stream.locked ? undefined : weakMapGet(sources, stream);
}
