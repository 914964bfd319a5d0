import type { Place } from "./bundle_wire.ts";

/** A message with its place in front, as editors and terminals know to follow it. */
export function placed(message: string, place: Place | null): string {
  return place === null ? message : `${place.file}:${place.line}:${place.column}: ${message}`;
}
