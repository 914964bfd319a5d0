/** blob: URLs: names for blobs, as long as nobody revokes them. */
import type { Blob } from "./blob.ts";
import { isBlob } from "./blob.ts";
import { mapDelete, mapGet, mapSet, mapSize, split } from "./primordials.ts";
import { randomUUID } from "./random.ts";

/** Each holds its blob's memory. */
const MOST = 10_000;
const blobs = new Map<string, Blob>();

export function createObjectURL(blob: Blob): string {
  if (!isBlob(blob)) throw new TypeError("Cannot make a URL of what is no Blob");
  if (mapSize(blobs) >= MOST) throw new RangeError(`Cannot make a URL of a Blob: there are ${MOST} already`);
  const url = `blob:null/${randomUUID()}`;
  mapSet(blobs, url, blob);
  return url;
}

export const revokeObjectURL = (url: string): void => void mapDelete(blobs, `${url}`);

/** What the URL stands for, whatever its fragment. */
export const blobOf = (href: string): Blob | undefined => mapGet(blobs, split(href, "#")[0]);
