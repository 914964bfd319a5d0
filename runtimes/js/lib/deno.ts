/** The part of the Deno namespace that needs no machine below it. */
import type { Handler } from "./serve.ts";
import { settings } from "./settings.ts";

let captured: Handler | null = null;

export const capturedServer = (): Handler | null => captured;

type ServeOptions = {
  handler?: unknown;
  onListen?: (address: { hostname: string; port: number; transport: string }) => void;
};

const ADDRESS = { transport: "tcp", hostname: "0.0.0.0", port: 8000 } as const;

const isFunction = (value: unknown): value is Handler => typeof value === "function";

/** `serve(handler)`, `serve(options, handler)`, `serve({ handler })`. */
function serve(...args: unknown[]): unknown {
  const options = (args.find((arg) => typeof arg === "object" && arg !== null) ?? {}) as ServeOptions;
  const handler = args.find(isFunction) ?? options.handler;
  if (!isFunction(handler)) throw new TypeError("Cannot serve: there is no handler");
  if (captured !== null) throw new TypeError("Cannot serve twice: a function has one server");
  captured = (request) =>
    (handler as (request: unknown, info: unknown) => unknown)(request, {
      remoteAddr: { ...ADDRESS },
      completed: new Promise<void>(() => {}),
    });
  options.onListen?.({ ...ADDRESS });
  return {
    addr: { ...ADDRESS },
    finished: new Promise<void>(() => {}),
    shutdown: async () => {},
    ref() {},
    unref() {},
    [Symbol.asyncDispose]: async () => {},
  };
}

const refuse = (what: string) => () => {
  throw new TypeError(`Cannot ${what}: a function's environment is fixed when it is deployed`);
};

export const Deno = {
  env: {
    get: (name: string): string | undefined =>
      Object.hasOwn(settings.env, `${name}`) ? settings.env[`${name}`] : undefined,
    has: (name: string): boolean => Object.hasOwn(settings.env, `${name}`),
    toObject: (): Record<string, string> => ({ ...settings.env }),
    set: refuse("set an environment variable"),
    delete: refuse("delete an environment variable"),
  },
  version: { deno: "2.9.6", v8: "", typescript: "" },
  build: { os: "linux", arch: "wasm32", target: "wasm32-mayfly", vendor: "mayfly", standalone: false },
  args: [] as string[],
  mainModule: "file:///main.js",
  noColor: true,
  serve,
};
