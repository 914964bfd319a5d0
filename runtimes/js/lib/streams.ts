/** Streams: the npm package web-streams-polyfill, which follows the standard's own algorithms. */
export {
  ByteLengthQueuingStrategy,
  CountQueuingStrategy,
  ReadableByteStreamController,
  ReadableStream,
  ReadableStreamBYOBReader,
  ReadableStreamBYOBRequest,
  ReadableStreamDefaultController,
  ReadableStreamDefaultReader,
  TransformStream,
  TransformStreamDefaultController,
  WritableStream,
  WritableStreamDefaultController,
  WritableStreamDefaultWriter,
} from "web-streams-polyfill";
import { ReadableStream } from "web-streams-polyfill";

/** Whether it was read from or canceled. The standard's slot; the package keeps it as a property. */
export const isDisturbed = (stream: ReadableStream): boolean =>
  (stream as unknown as { _disturbed: boolean })._disturbed;

export const isReadableStream = (value: unknown): value is ReadableStream => value instanceof ReadableStream;
