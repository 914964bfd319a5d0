/** What Request and Response have in common: a body that is read once. */
import { copyBytes, isBufferSource } from "./binary.ts";
import { Blob, blobBytes, isBlob } from "./blob.ts";
import { FormData, isFormData } from "./form_data.ts";
import { encodeMultipart, parseMultipart } from "./multipart.ts";
import { type Bytes, native } from "./native.ts";
import { BytesBody, type Payload, StreamBody, TextBody } from "./payload.ts";
import { parseJson, reject, viewBuffer } from "./primordials.ts";
import { isDisturbed, isLocked, isReadableStream } from "./stream_state.ts";
import type { ReadableStream } from "./streams.ts";
import { isURLSearchParams, parseQuery, type URLSearchParams } from "./url_search_params.ts";

/** Where an object keeps its body. */
export interface BodySlot {
  payload: Payload | null;
  used: boolean;
  /** The content type of its headers, for blob() and formData(). */
  contentType(): string | null;
}

export type BodyInit =
  | string
  | BufferSource
  | Blob
  | FormData
  | URLSearchParams
  | ReadableStream<Bytes>;

/** As the fetch standard extracts it. */
export function payloadOf(init: BodyInit): Payload {
  if (typeof init === "string") return new TextBody(init, "text/plain;charset=UTF-8");
  if (isReadableStream(init)) {
    if (isLocked(init) || isDisturbed(init)) {
      throw new TypeError("Cannot use a stream as a body: it is locked or was read");
    }
    return new StreamBody(init);
  }
  if (isBufferSource(init)) return new BytesBody(copyBytes(init), null);
  if (isBlob(init)) return new BytesBody(blobBytes(init), init.type === "" ? null : init.type);
  if (isURLSearchParams(init)) return new TextBody(`${init}`, "application/x-www-form-urlencoded;charset=UTF-8");
  if (isFormData(init)) return encodeMultipart(init);
  return new TextBody(`${init}`, "text/plain;charset=UTF-8");
}

export const isUsed = (slot: BodySlot): boolean =>
  slot.used || (slot.payload instanceof StreamBody && isDisturbed(slot.payload.content));

export const isUnusable = (slot: BodySlot): boolean =>
  isUsed(slot) || (slot.payload instanceof StreamBody && isLocked(slot.payload.content));

/** The body as a stream, from now on always this one. */
export function streamOf(slot: BodySlot): ReadableStream<Bytes> | null {
  if (slot.payload === null) return null;
  if (!(slot.payload instanceof StreamBody)) slot.payload = new StreamBody(slot.payload.stream());
  return (slot.payload as StreamBody).content;
}

/** The same body for two. A text or bytes are simply shared. */
export function cloneBody(slot: BodySlot): Payload | null {
  const { payload } = slot;
  if (payload === null || payload instanceof TextBody || payload instanceof BytesBody) return payload;
  const [own, other] = streamOf(slot)!.tee();
  slot.payload = new StreamBody(own);
  return new StreamBody(other);
}

/** Takes the payload for reading. */
function take(slot: BodySlot): Payload | null {
  if (isUnusable(slot)) throw new TypeError("Cannot read the body: it was read already, or its stream is locked");
  slot.used = slot.payload !== null;
  return slot.payload;
}

async function readFormData(slot: BodySlot, payload: Payload | null): Promise<FormData> {
  const type = slot.contentType() ?? "";
  const essence = type.split(";", 1)[0].trim().toLowerCase();
  if (essence === "multipart/form-data") {
    return parseMultipart(payload ? await payload.bytes() : new Uint8Array(), type);
  }
  if (essence !== "application/x-www-form-urlencoded") {
    throw new TypeError("Cannot read the body as a form: its content type is neither multipart nor urlencoded");
  }
  const form = new FormData();
  // Its first name keeps a byte order mark, and a question mark.
  const text = payload ? native.utf8Decode(await payload.bytes(), false)! : "";
  for (const [name, value] of parseQuery(text)) form.append(name, value);
  return form;
}

const EMPTY_TEXT = new TextBody("", null);

/** The members of the Body mixin, for a class whose objects keep their body where `slotOf` finds it. */
export function mixInBody(prototype: object, slotOf: (self: unknown) => BodySlot): void {
  /** What cannot be read rejects, it does not throw. */
  function read<T>(self: unknown, reader: (payload: Payload, slot: BodySlot) => Promise<T>): Promise<T> {
    try {
      const slot = slotOf(self);
      return reader(take(slot) ?? EMPTY_TEXT, slot);
    } catch (error) {
      return reject(error);
    }
  }
  const readText = (payload: Payload) => payload.text();
  const readBytes = (payload: Payload) => payload.bytes();
  const readJson = async (payload: Payload) => parseJson(await payload.text());
  const readBuffer = async (payload: Payload) => viewBuffer(await payload.bytes());
  const readBlob = async (payload: Payload, slot: BodySlot) =>
    new Blob([await payload.bytes()], { type: slot.contentType() ?? "" });
  const readForm = (payload: Payload, slot: BodySlot) => readFormData(slot, payload);

  const members = {
    get body(): ReadableStream<Bytes> | null {
      return streamOf(slotOf(this));
    },
    get bodyUsed(): boolean {
      return isUsed(slotOf(this));
    },
    text(): Promise<string> {
      return read(this, readText);
    },
    json(): Promise<unknown> {
      return read(this, readJson);
    },
    bytes(): Promise<Bytes> {
      return read(this, readBytes);
    },
    arrayBuffer(): Promise<ArrayBuffer> {
      return read(this, readBuffer);
    },
    blob(): Promise<Blob> {
      return read(this, readBlob);
    },
    formData(): Promise<FormData> {
      return read(this, readForm);
    },
  };
  Object.defineProperties(prototype, Object.getOwnPropertyDescriptors(members));
}
