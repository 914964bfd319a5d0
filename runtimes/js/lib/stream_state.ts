import { ReadableStream } from "./streams.ts";

/** Whether it was read from or canceled. The standard's slot; the package keeps it as a property. */
export const isDisturbed = (stream: ReadableStream): boolean =>
  (stream as unknown as { _disturbed: boolean })._disturbed;

export const isReadableStream = (value: unknown): value is ReadableStream => value instanceof ReadableStream;
