/** node:stream/consumers: the whole of a stream, of Node's or the Web's. */
import { Blob } from "../blob.ts";
import { builtin } from "./modules.ts";

type Stream = AsyncIterable<Uint8Array<ArrayBuffer> | string>;

export async function blob(stream: Stream): Promise<Blob> {
  const parts: (Uint8Array<ArrayBuffer> | string)[] = [];
  for await (const part of stream) parts.push(part);
  return new Blob(parts);
}

export const arrayBuffer = async (stream: Stream): Promise<ArrayBuffer> => await (await blob(stream)).arrayBuffer();

export async function buffer(stream: Stream): Promise<unknown> {
  const { Buffer } = builtin("buffer") as { Buffer: { from(bytes: ArrayBuffer): unknown } };
  return Buffer.from(await arrayBuffer(stream));
}

export const text = async (stream: Stream): Promise<string> => await (await blob(stream)).text();

export const json = async (stream: Stream): Promise<unknown> => JSON.parse(await text(stream));
