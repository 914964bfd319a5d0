import { createHash } from "node:crypto";
import type { Artifact } from "../tier.ts";
import { runtimeOf } from "./runtimes.ts";

export interface EngineParts {
  /** What names the build of the cells' program. */
  readonly program: string;
  /** Of each image, by its name, what names its content. */
  readonly keys: ReadonlyMap<string, string>;
  /** The images that native programs may see. */
  readonly native: readonly string[];
}

/** What snapshots of a language are made with: another Node on the machine is nothing to functions in Python. */
export function engineOf(language: Artifact["language"], { program, keys, native }: EngineParts): string {
  const runtime = runtimeOf(language);
  const images = runtime === null ? native : [runtime];
  const parts = [program, ...images.map((name) => keys.get(name) ?? "")];
  return createHash("sha256").update(parts.join(" ")).digest("hex").slice(0, 16);
}
