/** node:crypto. */
import { crypto } from "../crypto.ts";
import { native } from "../native.ts";
import { randomUUID } from "../random.ts";
import { builtin } from "./modules.ts";

type NodeBuffer = Uint8Array<ArrayBuffer>;
interface BufferClass {
  alloc(length: number): NodeBuffer;
}
type Callback = (error: Error | null, bytes: NodeBuffer) => void;

const bufferClass = (): BufferClass => (builtin("buffer") as { Buffer: BufferClass }).Buffer;

export function randomBytes(length: number, callback?: Callback): NodeBuffer | void {
  const bytes = bufferClass().alloc(length);
  native.randomFill(bytes);
  if (callback === undefined) return bytes;
  queueMicrotask(() => callback(null, bytes));
}

export function randomFillSync(target: ArrayBufferView): ArrayBufferView {
  native.randomFill(new Uint8Array(target.buffer as ArrayBuffer, target.byteOffset, target.byteLength));
  return target;
}

/** From `least` up to, but without, `end`; each as often as the others. */
export function randomInt(least: number, end?: number): number {
  const [from, to] = end === undefined ? [0, least] : [least, end];
  const range = to - from;
  if (!Number.isSafeInteger(range) || range <= 0 || range > 2 ** 48) {
    throw new RangeError(`Cannot choose a number from ${from} to ${to}: that is no range of at most 2^48`);
  }
  const bytes = new Uint8Array(6);
  const unbiased = 2 ** 48 - (2 ** 48 % range);
  for (;;) {
    native.randomFill(bytes);
    const value = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
    if (value < unbiased) return from + value % range;
  }
}

export function timingSafeEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.byteLength !== b.byteLength) {
    throw new RangeError("Cannot compare: both must have the same length");
  }
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i] ^ b[i];
  return difference === 0;
}

export const getRandomValues = <T extends ArrayBufferView>(array: T): T => crypto.getRandomValues(array);
export const webcrypto = crypto;
export const subtle = (crypto as { subtle?: unknown }).subtle;
export { randomUUID };
