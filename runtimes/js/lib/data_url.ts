/** data: URLs, as the fetch standard processes them. */
import type { Bytes } from "./native.ts";
import { native } from "./native.ts";

const DEFAULT_TYPE = "text/plain;charset=US-ASCII";
const BASE64 = /;[ ]*base64[ ]*$/i;
const TYPE = /^[!#$%&'*+.^_`|~0-9a-z-]+\/[!#$%&'*+.^_`|~0-9a-z-]+[\t\n\r ]*(;|$)/i;
const { fromBase64 } = Uint8Array as unknown as { fromBase64(text: string): Bytes };

export interface DataUrl {
  readonly type: string;
  readonly bytes: Bytes;
}

/** null: it has no comma, or its Base64 is none. */
export function parseDataUrl(href: string): DataUrl | null {
  const text = href.slice("data:".length).split("#", 1)[0];
  const comma = text.indexOf(",");
  if (comma < 0) return null;
  let type = text.slice(0, comma).trim();
  let bytes: Bytes | null = percentDecoded(text.slice(comma + 1));
  if (BASE64.test(type)) {
    type = type.replace(BASE64, "");
    bytes = base64Decoded(bytes);
  }
  if (bytes === null) return null;
  if (type.startsWith(";")) type = `text/plain${type}`;
  return { type: TYPE.test(type) ? type : DEFAULT_TYPE, bytes };
}

function percentDecoded(text: string): Bytes {
  const encoded = native.utf8Encode(text);
  const bytes = new Uint8Array(encoded.length);
  let length = 0;
  for (let i = 0; i < encoded.length; i++) {
    const digits = encoded[i] === PERCENT ? native.utf8Decode(encoded.subarray(i + 1, i + 3), false)! : "";
    const isEscape = /^[0-9a-f]{2}$/i.test(digits);
    bytes[length++] = isEscape ? parseInt(digits, 16) : encoded[i];
    if (isEscape) i += 2;
  }
  return bytes.slice(0, length);
}

const PERCENT = 0x25;

function base64Decoded(bytes: Bytes): Bytes | null {
  try {
    return Reflect.apply(fromBase64, Uint8Array, [native.utf8Decode(bytes, false)]);
  } catch {
    return null;
  }
}
