/** What a body is made of. A stream is made of it only when somebody asks for one. */
import { concatBytes, isUint8Array } from "./binary.ts";
import { type Bytes, native } from "./native.ts";
import { push, resolve, slice, weakMapGet, weakMapSet, wellFormed } from "./primordials.ts";
import { ReadableStream } from "./streams.ts";

export interface Payload {
  /** The content type that it brings along. */
  readonly type: string | null;
  text(): Promise<string>;
  bytes(): Promise<Bytes>;
  stream(): ReadableStream<Bytes>;
}

/** All of it at once, at the first pull. */
const streamOf = (read: () => Bytes | Promise<Bytes>): ReadableStream<Bytes> =>
  new ReadableStream<Bytes>({
    type: "bytes",
    async pull(controller) {
      const bytes = await read();
      if (bytes.length > 0) controller.enqueue(bytes);
      controller.close();
      controller.byobRequest?.respond(0);
    },
  }, { highWaterMark: 0 });

/** What is whole, of the streams that were made of it. */
const sources = new WeakMap<ReadableStream, TextBody | BytesBody>();

function remember(stream: ReadableStream<Bytes>, source: TextBody | BytesBody): ReadableStream<Bytes> {
  weakMapSet(sources, stream, source);
  return stream;
}

/** What nobody has touched since it was made a stream needs not be read as one: `new Response(other.body, other)`. */
export const wholeOf = (payload: Payload | null): Payload | null =>
  payload instanceof StreamBody ? weakMapGet(sources, payload.content) ?? payload : payload;

export class TextBody implements Payload {
  constructor(readonly content: string, readonly type: string | null) {}

  text(): Promise<string> {
    const { content } = this;
    return resolve(wellFormed(content[0] === "\ufeff" ? slice(content, 1) : content));
  }
  bytes(): Promise<Bytes> {
    return resolve(native.utf8Encode(this.content));
  }
  stream(): ReadableStream<Bytes> {
    return remember(streamOf(() => native.utf8Encode(this.content)), this);
  }
}

/** The bytes are its own: nobody else writes to them. */
export class BytesBody implements Payload {
  constructor(readonly content: Bytes, readonly type: string | null) {}

  text(): Promise<string> {
    return resolve(decodeText(this.content));
  }
  bytes(): Promise<Bytes> {
    return resolve(this.content.slice());
  }
  stream(): ReadableStream<Bytes> {
    return remember(streamOf(() => this.content.slice()), this);
  }
}

export class StreamBody implements Payload {
  readonly type = null;
  constructor(readonly content: ReadableStream<Bytes>) {}

  async text(): Promise<string> {
    return decodeText(await this.bytes());
  }
  async bytes(): Promise<Bytes> {
    const reader = this.content.getReader();
    const pieces: Bytes[] = [];
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return concatBytes(pieces);
      if (!isUint8Array(value)) {
        throw new TypeError("Cannot read the body: its stream has a chunk that is no Uint8Array");
      }
      push(pieces, value);
    }
  }
  stream(): ReadableStream<Bytes> {
    return this.content;
  }
}

const MARK = [0xef, 0xbb, 0xbf];

/** UTF-8 without its byte order mark, with U+FFFD where it is broken. */
export function decodeText(bytes: Bytes): string {
  const marked = bytes.length >= 3 && bytes[0] === MARK[0] && bytes[1] === MARK[1] && bytes[2] === MARK[2];
  return native.utf8Decode(marked ? bytes.subarray(3) : bytes, false)!;
}
