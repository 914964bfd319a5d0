import { DENO, runtime as deno } from "../deno/image.ts";
import type { RuntimeImage } from "../runtime.ts";
import { image as node, NODE } from "./node.ts";

/** A program of this machine's that runs users' files: what begins a `run` that names no file of its own. */
export interface Interpreter {
  /** Where guests find it. */
  readonly path: string;
  readonly image: RuntimeImage;
  /** Beside what every program gets. */
  readonly environment: Readonly<Record<string, string>>;
}

/** By the name that a `run` begins with. */
export const INTERPRETERS: Readonly<Record<string, Interpreter>> = {
  node: { path: NODE, image: node, environment: {} },
  deno: {
    path: DENO,
    image: deno.image,
    // A cache that can be made nowhere is not asked for again and again.
    environment: { DENO_DIR: "/nowhere", DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
  },
};
