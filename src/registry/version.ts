import { createHash } from "node:crypto";
import type { FunctionSettings } from "../types.ts";
import type { Inputs } from "./inputs.ts";

/** The name of a version: the hash of all that goes into it, the same on every machine. */
export function versionOf(file: string, inputs: Inputs, settings: FunctionSettings, engine: string): string {
  const { config: _, ...built } = inputs;
  const all = JSON.stringify(sorted({ file, ...built, settings, engine }));
  return createHash("sha256").update(all).digest("hex").slice(0, 16);
}

/** With the keys of all objects in order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  // A list of pairs, because a key may be called __proto__.
  return Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1).map(([key, part]) => [key, sorted(part)]);
}
