import { isBufferSource } from "./binary.ts";
import { TextDecoder, type TextDecoderOptions, TextEncoder } from "./encoding.ts";
import type { Bytes } from "./native.ts";
import { type ReadableStream, TransformStream, type WritableStream } from "./streams.ts";

const isHighSurrogate = (text: string): boolean => (text.charCodeAt(text.length - 1) & 0xfc00) === 0xd800;

export class TextEncoderStream {
  readonly #transform: TransformStream<string, Bytes>;

  constructor() {
    const encoder = new TextEncoder();
    /** A pair of surrogates may come in two pieces. */
    let half = "";
    this.#transform = new TransformStream({
      transform(piece, controller) {
        const text = half + `${piece}`;
        half = isHighSurrogate(text) ? text[text.length - 1] : "";
        const whole = half === "" ? text : text.slice(0, -1);
        if (whole !== "") controller.enqueue(encoder.encode(whole));
      },
      flush(controller) {
        if (half !== "") controller.enqueue(encoder.encode(half));
      },
    });
  }

  get encoding(): string {
    return "utf-8";
  }
  get readable(): ReadableStream<Bytes> {
    return this.#transform.readable;
  }
  get writable(): WritableStream<string> {
    return this.#transform.writable;
  }
}

export class TextDecoderStream {
  readonly #decoder: TextDecoder;
  readonly #transform: TransformStream<BufferSource, string>;

  constructor(label = "utf-8", options: TextDecoderOptions = {}) {
    const decoder = this.#decoder = new TextDecoder(label, options);
    this.#transform = new TransformStream({
      transform(piece, controller) {
        if (!isBufferSource(piece)) throw new TypeError("Cannot decode a chunk that is no buffer");
        const text = decoder.decode(piece, { stream: true });
        if (text !== "") controller.enqueue(text);
      },
      flush(controller) {
        const text = decoder.decode();
        if (text !== "") controller.enqueue(text);
      },
    });
  }

  get encoding(): string {
    return this.#decoder.encoding;
  }
  get fatal(): boolean {
    return this.#decoder.fatal;
  }
  get ignoreBOM(): boolean {
    return this.#decoder.ignoreBOM;
  }
  get readable(): ReadableStream<string> {
    return this.#transform.readable;
  }
  get writable(): WritableStream<BufferSource> {
    return this.#transform.writable;
  }
}
