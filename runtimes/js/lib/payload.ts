/** What a body is made of. A stream is made of it only when somebody asks for one. */
import { concatBytes, isUint8Array } from "./binary.ts";
import { lazyStream, untouched } from "./lazy_stream.ts";
import { type Bytes, native } from "./native.ts";
import { push, resolve, slice, wellFormed } from "./primordials.ts";
import { shareFields } from "./shared_fields.ts";
import type { ReadableStream, UnderlyingByteSource } from "./streams.ts";

export interface Payload {
  /** The content type that it brings along. */
  readonly type: string | null;
  text(): Promise<string>;
  bytes(): Promise<Bytes>;
  stream(): ReadableStream<Bytes>;
}

/** All of it at once, at the first pull. */
const sourceOf = (body: Payload): UnderlyingByteSource => ({
  type: "bytes",
  async pull(controller) {
    const bytes = await body.bytes();
    if (bytes.length > 0) controller.enqueue(bytes);
    controller.close();
    controller.byobRequest?.respond(0);
  },
});

export class TextBody implements Payload {
  declare readonly content: string;
  declare readonly type: string | null;
  constructor(content: string, type: string | null) {
    this.content = content;
    this.type = type;
  }

  text(): Promise<string> {
    const { content } = this;
    return resolve(wellFormed(content[0] === "\ufeff" ? slice(content, 1) : content));
  }
  bytes(): Promise<Bytes> {
    return resolve(native.utf8Encode(this.content));
  }
  stream(): ReadableStream<Bytes> {
    return lazyStream(this, sourceOf);
  }
}

/** The bytes are its own: nobody else writes to them. */
export class BytesBody implements Payload {
  declare readonly content: Bytes;
  declare readonly type: string | null;
  constructor(content: Bytes, type: string | null) {
    this.content = content;
    this.type = type;
  }

  text(): Promise<string> {
    return resolve(decodeText(this.content));
  }
  bytes(): Promise<Bytes> {
    return resolve(this.content.slice());
  }
  stream(): ReadableStream<Bytes> {
    return lazyStream(this, sourceOf);
  }
}

export class StreamBody implements Payload {
  declare readonly content: ReadableStream<Bytes>;
  declare readonly type: null;
  constructor(content: ReadableStream<Bytes>) {
    this.content = content;
  }

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

shareFields(StreamBody, { type: null });

/** What nobody has begun to read need not be read as a stream: `new Response(other.body, other)`. */
export const wholeOf = (payload: Payload | null): Payload | null =>
  payload instanceof StreamBody ? (untouched(payload.content) as Payload | undefined) ?? payload : payload;

const MARK = [0xef, 0xbb, 0xbf];

/** UTF-8 without its byte order mark, with U+FFFD where it is broken. */
export function decodeText(bytes: Bytes): string {
  const marked = bytes.length >= 3 && bytes[0] === MARK[0] && bytes[1] === MARK[1] && bytes[2] === MARK[2];
  return native.utf8Decode(marked ? bytes.subarray(3) : bytes, false)!;
}
