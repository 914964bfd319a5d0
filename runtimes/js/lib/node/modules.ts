/** Node's modules, each evaluated when it is first asked for; evaluate.ts asks for all. */
import { slice, startsWith } from "../primordials.ts";
import type { NodeModule } from "./names.ts";

const { hasOwn } = Object;

type Exports = Record<string, unknown>;

/** The bundler makes of each `require` a function that evaluates the file once. */
declare function require(file: string): Exports;
/** What the library's packages call for modules of Node's (build.ts). */
declare const packages: { require: (name: string) => unknown };

const LOADERS: Readonly<Record<NodeModule, () => Exports>> = {
  "assert": () => require("./assert.ts"),
  "assert/strict": () => ({ default: (builtin("assert") as { strict: unknown }).strict }),
  "async_hooks": () => require("./async_hooks.ts"),
  "buffer": () => require("./buffer.ts"),
  "console": () => ({ default: globalThis.console }),
  "constants": () => ({}),
  "crypto": () => require("./crypto.ts"),
  "diagnostics_channel": () => require("./diagnostics_channel.ts"),
  "events": () => require("./events.ts"),
  "fs": () => require("./fs.ts"),
  "fs/promises": () => ({ default: (builtin("fs") as { promises: unknown }).promises }),
  "module": () => require("./module.ts"),
  "os": () => require("./os.ts"),
  "path": () => require("./path.ts"),
  "path/posix": () => ({ default: builtin("path") }),
  "perf_hooks": () => require("./perf_hooks.ts"),
  "process": () => require("./process.ts"),
  "punycode": () => require("./punycode.ts"),
  "querystring": () => require("./querystring.ts"),
  "stream": () => require("./stream.ts"),
  "stream/consumers": () => require("./stream_consumers.ts"),
  "stream/promises": () => ({ default: (builtin("stream") as { promises: unknown }).promises }),
  "stream/web": () => require("./stream_web.ts"),
  "string_decoder": () => require("./string_decoder.ts"),
  "sys": () => ({ default: builtin("util") }),
  "timers": () => require("./timers.ts"),
  "timers/promises": () => require("./timers_promises.ts"),
  "tty": () => require("./tty.ts"),
  "url": () => require("./url.ts"),
  "util": () => require("./util.ts"),
  "util/types": () => require("./util_types.ts"),
};

const PREFIX = "node:";
const loaded: Record<string, unknown> = Object.create(null);

const plainName = (name: string): string => startsWith(name, PREFIX) ? slice(name, PREFIX.length) : name;

const isLoadable = (plain: string): plain is NodeModule => hasOwn(LOADERS, plain);

export const isBuiltin = (name: string): boolean => isLoadable(plainName(name));

/** What `require` gives for a module of Node's, with or without `node:`. */
export function builtin(name: string): unknown {
  const plain = plainName(name);
  if (!isLoadable(plain)) throw missing(name);
  if (plain in loaded) return loaded[plain];
  const exports = LOADERS[plain]();
  return loaded[plain] = "default" in exports ? exports.default : { ...exports };
}

function missing(name: string): Error {
  const error = new Error(
    `Cannot find module '${name}': ${PREFIX}${plainName(name)} is not available in the Wasm tier`,
  );
  return Object.assign(error, { code: "MODULE_NOT_FOUND" });
}

packages.require = builtin;
