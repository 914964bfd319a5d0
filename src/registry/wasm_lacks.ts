/** What JavaScript in the Wasm tier does not have, and why: the deploy of what needs it says so. */

export const needsVmTier = (what: string, why: string): string =>
  `${what} needs the VM tier, which this server does not have yet: ${why}`;

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

const GLOBALS: Readonly<Record<string, readonly string[]>> = {
  "this engine runs no WebAssembly within a function": ["WebAssembly"],
  [THREADS]: ["Atomics.wait", "SharedArrayBuffer", "Worker", "SharedWorker"],
  [SOCKETS]: [
    ...["WebSocket", "EventSource", "WebSocketStream", "WebTransport"],
    ...["Deno.connect", "Deno.connectTls", "Deno.listen", "Deno.listenTls", "Deno.startTls", "Deno.resolveDns"],
    ...["Deno.listenDatagram", "Deno.createHttpClient", "Deno.networkInterfaces"],
  ],
  [PROCESSES]: ["Deno.Command", "Deno.run", "Deno.spawn", "Deno.kill", "Deno.addSignalListener", "Deno.dlopen"],
  [READ_ONLY]: [
    ...["Deno.open", "Deno.openSync", "Deno.create", "Deno.writeFile", "Deno.writeFileSync", "Deno.writeTextFile"],
    ...["Deno.writeTextFileSync", "Deno.readDir", "Deno.readDirSync", "Deno.stat", "Deno.statSync", "Deno.lstat"],
    ...["Deno.lstatSync", "Deno.mkdir", "Deno.mkdirSync", "Deno.remove", "Deno.removeSync", "Deno.rename"],
    ...["Deno.renameSync", "Deno.copyFile", "Deno.copyFileSync", "Deno.makeTempDir", "Deno.makeTempFile"],
    ...["Deno.realPath", "Deno.realPathSync", "Deno.watchFs", "Deno.openKv", "localStorage", "sessionStorage"],
  ],
  "a sandbox cannot wait without returning": ["Deno.readFileSync", "Deno.readTextFileSync"],
  [ENGINE]: ["Deno.cron", "caches", "BroadcastChannel"],
};

/** Free names, and members of `Deno`, with why they are not there. */
export const LACKED: ReadonlyMap<string, string> = new Map(
  Object.entries(GLOBALS).flatMap(([why, names]) => names.map((name) => [name, why] as const)),
);

/** A module that failed for want of one of them: its own words, and ours. */
export function explainLack(message: string): string {
  const missing = /\bnode:([\w/]+) is not available in the Wasm tier/.exec(message);
  if (missing) return message.replace(missing[0], needsVmTier(`node:${missing[1]}`, whyNotInWasm(missing[1])));
  const name = /\b(\w+) is not defined\b/.exec(message)?.[1];
  const why = name === undefined ? undefined : LACKED.get(name);
  return why === undefined ? message : `${message}; ${needsVmTier(name!, why)}`;
}
