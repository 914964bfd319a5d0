/** What JavaScript in the Wasm tier does not have, and why: the deploy of what needs it says so. */

export const needsVmTier = (what: string, why: string): string => `${what} needs the VM tier: ${why}`;

/** What one of these messages is about; null: it is another one. */
export const lackIn = (message: string): string | null =>
  /([\w$@:./-]+)(?:, a native add-on,)? needs the VM tier: /.exec(message)?.[1] ?? null;

const SOCKETS = "a sandbox has no sockets, only fetch";
const PROCESSES = "a sandbox starts no processes";
const THREADS = "a sandbox has one thread";
const READ_ONLY = "a function's own files can be read, and nothing else";
const ENGINE = "this engine does not have it";

const MODULES: Readonly<Record<string, readonly string[]>> = {
  [SOCKETS]: ["dgram", "dns", "dns/promises", "http", "http2", "https", "net", "quic", "tls"],
  [PROCESSES]: ["child_process", "cluster"],
  [THREADS]: ["worker_threads"],
};

export function whyNotInWasm(nodeModule: string): string {
  return Object.keys(MODULES).find((why) => MODULES[why].includes(nodeModule)) ?? ENGINE;
}

type Names = Readonly<Record<string, readonly string[]>>;

/** What a machine of its own would have. */
const IN_THE_VM_TIER: Names = {
  "this engine runs no WebAssembly within a function": ["WebAssembly"],
  [THREADS]: ["Atomics", "Atomics.wait", "SharedArrayBuffer", "Worker", "SharedWorker"],
  [SOCKETS]: [
    ...["WebSocket", "EventSource", "WebSocketStream", "WebTransport", "Deno.upgradeWebSocket", "Deno.serveHttp"],
    ...["Deno.connect", "Deno.connectTls", "Deno.listen", "Deno.listenTls", "Deno.startTls", "Deno.resolveDns"],
    ...["Deno.listenDatagram", "Deno.createHttpClient", "Deno.networkInterfaces"],
  ],
  [PROCESSES]: [
    ...["Deno.Command", "Deno.run", "Deno.spawn", "Deno.spawnAndWait", "Deno.spawnAndWaitSync", "Deno.kill"],
    ...["Deno.addSignalListener", "Deno.removeSignalListener", "Deno.execPath"],
  ],
  "a sandbox runs no native code": [
    ...["Deno.dlopen", "Deno.UnsafeCallback", "Deno.UnsafeFnPointer", "Deno.UnsafePointer", "Deno.UnsafePointerView"],
  ],
  [READ_ONLY]: [
    ...["Deno.open", "Deno.openSync", "Deno.create", "Deno.createSync", "Deno.writeFile", "Deno.writeFileSync"],
    ...[
      "Deno.writeTextFile",
      "Deno.writeTextFileSync",
      "Deno.readDir",
      "Deno.readDirSync",
      "Deno.stat",
      "Deno.statSync",
    ],
    ...[
      "Deno.lstat",
      "Deno.lstatSync",
      "Deno.mkdir",
      "Deno.mkdirSync",
      "Deno.remove",
      "Deno.removeSync",
      "Deno.rename",
    ],
    ...["Deno.renameSync", "Deno.copyFile", "Deno.copyFileSync", "Deno.makeTempDir", "Deno.makeTempDirSync"],
    ...["Deno.makeTempFile", "Deno.makeTempFileSync", "Deno.realPath", "Deno.realPathSync", "Deno.readLink"],
    ...["Deno.readLinkSync", "Deno.watchFs", "Deno.chdir", "Deno.chmod", "Deno.chmodSync", "Deno.chown"],
    ...["Deno.chownSync", "Deno.link", "Deno.linkSync", "Deno.symlink", "Deno.symlinkSync", "Deno.truncate"],
    ...["Deno.truncateSync", "Deno.utime", "Deno.utimeSync", "Deno.umask"],
  ],
  [`${ENGINE}; npm has packages that bring it`]: [
    ...["Temporal", "Intl.Collator", "Intl.DisplayNames", "Intl.DurationFormat", "Intl.ListFormat", "Intl.Locale"],
    ...["Intl.PluralRules", "Intl.RelativeTimeFormat", "Intl.Segmenter", "Intl.supportedValuesOf"],
  ],
  "a sandbox cannot wait without returning": ["Deno.readFileSync", "Deno.readTextFileSync"],
};

const NO_GRAPHICS = "there are no graphics";
const NO_MACHINE = "a function does not see the machine";
const NO_TERMINAL = "a function has no terminal; what it writes with console.log is in its log";
const NOT_KEPT = "nothing of one request is kept for the next; use a store that fetch can reach";

/** What no tier would make useful, with what to do instead. */
const NOWHERE: Names = {
  [NOT_KEPT]: ["Deno.openKv", "localStorage", "sessionStorage", "Storage", "caches", "Cache", "CacheStorage"],
  "nothing runs between requests; have something outside call a function at its times": ["Deno.cron"],
  "a request sees no other one": ["BroadcastChannel", "LockManager"],
  "tests belong into a file called *.test.ts, which is no function": ["Deno.test", "Deno.bench"],
  [NO_TERMINAL]: [
    ...["Deno.stdin", "Deno.stdout", "Deno.stderr", "Deno.isatty", "Deno.consoleSize", "alert", "confirm", "prompt"],
  ],
  [NO_MACHINE]: [
    ...["Deno.hostname", "Deno.loadavg", "Deno.memoryUsage", "Deno.cpuUsage", "Deno.osRelease", "Deno.osUptime"],
    ...["Deno.systemMemoryInfo", "Deno.permissions"],
  ],
  "a sandbox ends with its response, whatever timers it has": ["Deno.refTimer", "Deno.unrefTimer"],
  [NO_GRAPHICS]: [
    ...["OffscreenCanvas", "ImageBitmap", "ImageData", "createImageBitmap", "DOMMatrix", "DOMMatrixReadOnly"],
    ...["DOMPoint", "DOMPointReadOnly", "DOMQuad", "DOMRect", "DOMRectReadOnly"],
  ],
};

const told = (names: Names, sentence: (name: string, why: string) => string): [string, string][] =>
  Object.entries(names).flatMap(([why, list]) => list.map((name): [string, string] => [name, sentence(name, why)]));

/** Free names, and members of what is there, with a sentence that says why they are not. */
export const LACKED: ReadonlyMap<string, string> = new Map([
  ...told(IN_THE_VM_TIER, needsVmTier),
  ...told(NOWHERE, (name, why) => `${name} is not there: ${why}`),
]);

/** A module that failed for want of one of them: its own words, and ours. */
export function explainLack(message: string): string {
  const missing = /\bnode:([\w/]+) is not available in the Wasm tier/.exec(message);
  if (missing) return message.replace(missing[0], needsVmTier(`node:${missing[1]}`, whyNotInWasm(missing[1])));
  const name = /\b(\w+) is not defined\b/.exec(message)?.[1];
  const why = name === undefined ? undefined : LACKED.get(name);
  return why === undefined ? message : `${message}; ${why}`;
}
