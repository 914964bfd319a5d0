import { DENO, runtime as deno } from "../deno/image.ts";
import { image as python, PYTHON, SITE } from "../python/image.ts";
import type { RuntimeImage } from "../runtime.ts";
import { FRESH, image as node, NODE } from "./node.ts";

/** A program of this machine's that runs users' files: what begins a `run` that names no file of its own. */
export interface Interpreter {
  /** Where guests find it. */
  readonly path: string;
  readonly image: RuntimeImage;
  /** Before those of the run. */
  readonly arguments: readonly string[];
  /** Beside what every program gets. */
  readonly environment: Readonly<Record<string, string>>;
}

const PYTHON_3: Interpreter = {
  path: PYTHON,
  image: python,
  arguments: [],
  // What it prints is in the log at once, for there may be no end at which it would be written.
  environment: { PYTHONPATH: `${SITE}:/packages`, PYTHONUNBUFFERED: "1", PYTHONDONTWRITEBYTECODE: "1" },
};

/** By the name that a `run` begins with. */
export const INTERPRETERS: Readonly<Record<string, Interpreter>> = {
  python3: PYTHON_3,
  python: PYTHON_3,
  node: { path: NODE, image: node, arguments: ["--require", FRESH], environment: {} },
  deno: {
    path: DENO,
    image: deno.image,
    arguments: [],
    // A cache that can be made nowhere is not asked for again and again.
    environment: { DENO_DIR: "/nowhere", DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
  },
};
