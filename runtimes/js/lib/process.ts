/** Node's `process`, as far as a function is one. */
import { console } from "./console.ts";
import { processEnv } from "./environment.ts";
import { enqueue } from "./microtasks.ts";
import { native } from "./native.ts";
import { builtin, isBuiltin } from "./node/modules.ts";
import { ownFolder } from "./read_own_files.ts";
import { VERSIONS } from "./versions.ts";

const NANOSECONDS_PER_MS = 1e6;
const MS_PER_SECOND = 1000;

function hrtime(since?: [number, number]): [number, number] {
  const ms = native.now();
  const seconds = Math.floor(ms / MS_PER_SECOND);
  const nanoseconds = Math.floor((ms % MS_PER_SECOND) * NANOSECONDS_PER_MS);
  if (since === undefined) return [seconds, nanoseconds];
  const difference = (seconds - since[0]) * 1e9 + nanoseconds - since[1];
  return [Math.floor(difference / 1e9), difference % 1e9];
}
hrtime.bigint = (): bigint => BigInt(Math.floor(native.now() * NANOSECONDS_PER_MS));

const refuse = (what: string) => (): never => {
  throw new Error(`Cannot ${what}: a function's sandbox ends with its response`);
};

/** Lines of the function's log. */
const output = (write: (text: string) => void) => ({
  isTTY: false,
  writable: true,
  write(text: unknown): boolean {
    write(`${text}`.replace(/\n$/, ""));
    return true;
  },
});

const memoryUsage = () => ({ rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 });

/** Nobody ends, signals or warns this process: listeners are taken, and never called. */
function listen<T>(this: T): T {
  return this;
}

export const process = {
  env: processEnv,
  argv: ["/mayfly", "/main.js"],
  argv0: "mayfly",
  execArgv: [] as string[],
  execPath: "/mayfly",
  title: "mayfly",
  pid: 1,
  ppid: 0,
  platform: "linux",
  arch: "wasm32",
  version: `v${VERSIONS.node}`,
  versions: { ...VERSIONS },
  release: { name: "node" },
  features: {},
  config: {},
  exitCode: undefined,
  stdout: output((text) => console.log(text)),
  stderr: output((text) => console.error(text)),
  hrtime,
  cwd: ownFolder,
  umask: (): number => 0o022,
  uptime: (): number => native.now() / MS_PER_SECOND,
  memoryUsage: Object.assign(memoryUsage, { rss: () => 0 }),
  cpuUsage: () => ({ user: 0, system: 0 }),
  exit: refuse("exit"),
  abort: refuse("abort"),
  kill: refuse("send a signal"),
  chdir: refuse("change the folder"),
  emitWarning: (warning: unknown): void => console.warn(`${warning}`),
  getBuiltinModule: (name: string): unknown => isBuiltin(name) ? builtin(name) : undefined,
  on: listen,
  once: listen,
  off: listen,
  addListener: listen,
  prependListener: listen,
  removeListener: listen,
  removeAllListeners: listen,
  setMaxListeners: listen,
  emit: (): boolean => false,
  listeners: (): unknown[] => [],
  listenerCount: (): number => 0,
  nextTick(callback: (...args: unknown[]) => void, ...args: unknown[]): void {
    enqueue(() => callback(...args));
  },
};
