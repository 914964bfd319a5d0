/** A runtime of microVMs: what it is packed of, and how it starts. */
import type { ImageSource } from "../ffi/native_image.ts";

export interface Program {
  /** The first is a path in the guest's views. */
  readonly arguments: readonly string[];
  /** `NAME=value`. */
  readonly environment: readonly string[];
  /** Where it is started. */
  readonly folder: string;
}

/** Each of runtimes/{python,deno,native}/image.ts exports one as `image`. */
export interface RuntimeImage {
  readonly name: string;
  /** Of what is in it: another content has another key. Asked at each start of the server, so it is cheap. Throws as below. */
  key(env: Readonly<Record<string, string>>): Promise<string>;
  /** Files, or folders with all that is in them. Throws an Error that says what this machine lacks. `env` is the server's environment. */
  imageFiles(env: Readonly<Record<string, string>>): Promise<readonly ImageSource[]>;
}

/**
 * One that serves functions after a deploy by frames: booted once for all tenants until it reads descriptor 3, and kept as a
 * snapshot. runtimes/{python,deno}/image.ts export it as `runtime`.
 */
export interface FunctionRuntime {
  readonly image: RuntimeImage;
  readonly program: Program;
  /** What one that serves no function yet needs at most. */
  readonly memoryBytes: number;
}

/** How a native program is run: what runtimes/native/program.ts makes of its settings. */
export interface NativePlan {
  readonly program: Program;
  readonly kind: "stdio" | "server";
  /** What it sees beside its own files, /function, and its packages. */
  readonly images: readonly RuntimeImage[];
}
