/** Compression by the npm package pako, zlib in JavaScript: it runs in the sandbox, on the function's own account. */
import { Deflate, Inflate } from "pako";
import { copyBytes, isBufferSource } from "./binary.ts";
import type { Bytes } from "./native.ts";
import { type ReadableStream, TransformStream, type WritableStream } from "./streams.ts";

const WRAPPERS: Readonly<Record<string, { deflate: object; inflate: object }>> = {
  "deflate": { deflate: {}, inflate: { windowBits: 15 } },
  "deflate-raw": { deflate: { raw: true }, inflate: { raw: true } },
  "gzip": { deflate: { gzip: true }, inflate: { windowBits: 31 } },
};

/** Modes of zlib. */
const NO_FLUSH = 0;
const SYNC_FLUSH = 2;
const FINISH = 4;

function wrapperOf(format: string) {
  const name = `${format}`;
  if (!Object.hasOwn(WRAPPERS, name)) throw new TypeError(`Cannot compress or decompress the format "${name}"`);
  return WRAPPERS[name];
}

function bytesOf(chunk: unknown): Bytes {
  if (!isBufferSource(chunk)) throw new TypeError("Cannot compress or decompress a chunk that is no buffer");
  return copyBytes(chunk);
}

type Transform = TransformStream<BufferSource, Bytes>;

function compressor(format: string): Transform {
  const deflate = new Deflate(wrapperOf(format).deflate);
  deflate.onEnd = () => {};
  return new TransformStream({
    start(controller) {
      deflate.onData = (chunk) => controller.enqueue(chunk as Bytes);
    },
    transform(chunk) {
      deflate.push(bytesOf(chunk), NO_FLUSH);
    },
    flush() {
      deflate.push(new Uint8Array(0), FINISH);
    },
  });
}

function decompressor(format: string): Transform {
  const inflate = new Inflate(wrapperOf(format).inflate);
  let hasEnded = false;
  inflate.onEnd = () => hasEnded = true;
  return new TransformStream({
    start(controller) {
      inflate.onData = (chunk) => controller.enqueue(chunk as Bytes);
    },
    transform(chunk) {
      const bytes = bytesOf(chunk);
      if (bytes.length === 0) return;
      if (hasEnded) throw new TypeError("Cannot decompress: there is more behind the end");
      inflate.push(bytes, SYNC_FLUSH);
      if (inflate.err) throw new TypeError(`Cannot decompress: ${inflate.msg || "the data is corrupt"}`);
      const { strm } = inflate as unknown as { strm: { avail_in: number } };
      if (hasEnded && strm.avail_in > 0) throw new TypeError("Cannot decompress: there is more behind the end");
    },
    flush() {
      if (!hasEnded) throw new TypeError("Cannot decompress: the data ends too early");
    },
  });
}

export class CompressionStream {
  readonly #transform: Transform;
  constructor(format: string) {
    this.#transform = compressor(format);
  }
  get readable(): ReadableStream<Bytes> {
    return this.#transform.readable;
  }
  get writable(): WritableStream<BufferSource> {
    return this.#transform.writable;
  }
}

export class DecompressionStream {
  readonly #transform: Transform;
  constructor(format: string) {
    this.#transform = decompressor(format);
  }
  get readable(): ReadableStream<Bytes> {
    return this.#transform.readable;
  }
  get writable(): WritableStream<BufferSource> {
    return this.#transform.writable;
  }
}
