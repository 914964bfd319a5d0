/** Calls to the host's Web Crypto. */
import { CryptoOperation as Operation } from "../../../../src/host/crypto/operations.ts";
import { MOST_CALL_BYTES } from "../../../../src/host/operations.ts";
import { concatBytes, setBytes } from "../binary.ts";
import { placed } from "../error_stack.ts";
import { askHost } from "../host_calls.ts";
import { type Bytes, native } from "../native.ts";
import { mapGet, mapSet, PromiseIntrinsic, viewBuffer, viewLength, viewOffset } from "../primordials.ts";
import { domException } from "../dom_exception.ts";

export { Operation };

const Uint8ArrayIntrinsic = Uint8Array;
const DataViewIntrinsic = DataView;
const setUint32 = Function.prototype.call.bind(DataView.prototype.setUint32) as (
  view: DataView,
  at: number,
  value: number,
  littleEndian: boolean,
) => void;
const WORD = 4;
/** Of one call's argument; an answer may be longer by what goes before the data. */
const MOST_BYTES = MOST_CALL_BYTES - 512;

/**
 * Bytes on their way through promises. A promise asks what it is resolved with for its `then`; this has none to inherit,
 * so that nothing but the library sees them.
 */
export class Answer {
  constructor(readonly bytes: Bytes) {}
}
Object.setPrototypeOf(Answer.prototype, null);

export const number = (value: number): Bytes => {
  const bytes: Bytes = new Uint8ArrayIntrinsic(WORD);
  for (let i = 0; i < WORD; i++) bytes[i] = value >>> (8 * i);
  return bytes;
};
export const text = (value: string): Bytes => native.utf8Encode(value);

const names = new Map<string, Bytes>();

/** The text of an algorithm, a hash or a curve: there are few, and they are needed often. */
export function nameText(value: string): Bytes {
  const known = mapGet(names, value);
  if (known) return known;
  const bytes = text(value);
  mapSet(names, value, bytes);
  return bytes;
}
export const NOTHING: Bytes = new Uint8ArrayIntrinsic(0);

export const part = (bytes: Bytes, start: number, end: number): Bytes =>
  new Uint8ArrayIntrinsic(viewBuffer(bytes), viewOffset(bytes) + start, end - start);

function numberAt(bytes: Bytes, at: number): number {
  return (bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 | bytes[at + 3] << 24) >>> 0;
}

function pack(parts: readonly Bytes[]): Bytes {
  let length = 0;
  for (let i = 0; i < parts.length; i++) length += WORD + viewLength(parts[i]);
  const packed: Bytes = new Uint8ArrayIntrinsic(length);
  const view = new DataViewIntrinsic(viewBuffer(packed));
  for (let i = 0, at = 0; i < parts.length; i++) {
    const part = parts[i];
    const partLength = viewLength(part);
    setUint32(view, at, partLength, true);
    setBytes(packed, part, at + WORD);
    at += WORD + partLength;
  }
  return packed;
}

/** The `index`th part of an answer. */
export function unpack({ bytes }: Answer, index: number): Bytes {
  let at = 0;
  for (let i = 0; i < index; i++) at += WORD + numberAt(bytes, at);
  return new Uint8ArrayIntrinsic(part(bytes, at + WORD, at + WORD + numberAt(bytes, at)));
}

export const unpackNumber = (answer: Answer, index: number): number => numberAt(unpack(answer, index), 0);

/** Rejects with a DOMException of this name, in the host's words. */
export function ask(
  operation: number,
  parts: readonly Bytes[],
  failure: "OperationError" | "DataError" = "OperationError",
): Promise<Answer> {
  const argument = pack(parts);
  if (viewLength(argument) <= MOST_BYTES) return call(operation, argument, failure);
  return transfer(operation, argument, failure);
}

function call(operation: number, argument: Bytes, failure: string): Promise<Answer> {
  return new PromiseIntrinsic((resolve, reject) => {
    askHost(operation, argument, {
      resolve: (bytes) => resolve(new Answer(bytes)),
      reject: (error) => reject(placed(domException(failure, error.message), error)),
    });
  });
}

let lastTransfer = 0;

/** In pieces, there and back. */
async function transfer(operation: number, argument: Bytes, failure: string): Promise<Answer> {
  const id = number(++lastTransfer);
  const length = viewLength(argument);
  for (let at = 0; at < length; at += MOST_BYTES) {
    const end = at + MOST_BYTES < length ? at + MOST_BYTES : length;
    await call(Operation.UPLOAD, concatBytes([id, part(argument, at, end)]), failure);
  }
  const { bytes } = await call(Operation.RUN, concatBytes([id, number(operation)]), failure);
  const total = numberAt(bytes, 0);
  const pieces = [part(bytes, WORD, viewLength(bytes))];
  for (let held = viewLength(pieces[0]); held < total;) {
    const next = await call(Operation.DOWNLOAD, id, failure);
    pieces[pieces.length] = next.bytes;
    held += viewLength(next.bytes);
  }
  return new Answer(concatBytes(pieces));
}
