/** What a sandbox and its host say to each other (ffi/shim/guest.h, frames.h), for the tests. */
import { ExitCode, FrameType, HeadFlag, LAYOUT } from "../../../ffi/layout.ts";

export { ExitCode, FrameType };

export const { HAS_BODY, DEPLOY } = HeadFlag;
export const CHUNK_MAX = LAYOUT.chunkMax;

export interface Frame {
  type: number;
  flags: number;
  aux: number;
  payload: Uint8Array<ArrayBuffer>;
}

const encoder = new TextEncoder();

export function frame(type: number, payload: Uint8Array<ArrayBuffer> = new Uint8Array(), flags = 0, aux = 0): Frame {
  return { type, flags, aux, payload };
}

export const word = (value: number): Uint8Array<ArrayBuffer> => new Uint8Array(new Uint32Array([value]).buffer);

export function headFrame(
  request: { method?: string; url?: string; headers?: string; id?: string; context?: string },
  flags: number,
): Frame {
  const { method = "GET", url = "http://localhost/", headers = "", id = "request-1", context = "" } = request;
  const strings = [method, url, headers, id, context].map((text) => encoder.encode(text));
  const lengths = new Uint8Array(new Uint32Array(strings.map((bytes) => bytes.length)).buffer);
  return frame(FrameType.HEAD, concat([lengths, ...strings]), flags);
}

export function concat(pieces: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

export function answerFrame(id: number, failed: boolean, result: Uint8Array<ArrayBuffer>): Frame {
  return frame(FrameType.ANSWER, concat([word(id), word(failed ? 1 : 0), result]));
}
