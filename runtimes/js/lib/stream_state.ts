import { ReadableStream } from "./streams.ts";

/** The standard's slots; the package keeps them as properties. */
interface Slots {
  readonly _disturbed: boolean;
  readonly _reader: unknown;
}
const slotsOf = (stream: ReadableStream) => stream as unknown as Slots;

/** Whether it was read from or canceled. */
export const isDisturbed = (stream: ReadableStream): boolean => slotsOf(stream)._disturbed;
export const isLocked = (stream: ReadableStream): boolean => slotsOf(stream)._reader !== undefined;

export const isReadableStream = (value: unknown): value is ReadableStream => value instanceof ReadableStream;
