import { type Bytes, native } from "./native.ts";

const HEX: string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const Uint8ArrayIntrinsic = Uint8Array;

/** The layout of a UUID: bytes before each hyphen. */
const GROUPS = [4, 6, 8, 10];

export function randomUUID(): string {
  const bytes: Bytes = new Uint8ArrayIntrinsic(16);
  native.randomFill(bytes);
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  let text = "";
  for (let i = 0, group = 0; i < 16; i++) {
    if (i === GROUPS[group]) {
      text += "-";
      group++;
    }
    text += HEX[bytes[i]];
  }
  return text;
}
