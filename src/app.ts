import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Native } from "../ffi/native.ts";
import { NativeWasi } from "../ffi/native_wasi.ts";
import { packImage } from "../ffi/native_image.ts";
import { openShim } from "../ffi/symbols.ts";
import { findPython } from "../runtimes/python/python.ts";
import type { ServeOptions } from "./cli/serve_options.ts";
import { systemClock as clock } from "./clock.ts";
import { Deadlines } from "./deadlines.ts";
import { CryptoHost } from "./host/crypto/crypto_host.ts";
import { FetchHost } from "./host/fetch/fetch_host.ts";
import { filesHost } from "./host/files.ts";
import { hostOf } from "./host/host.ts";
import { Family } from "./host/operations.ts";
import { ProxyHost } from "./host/proxy/proxy_host.ts";
import { adminApi } from "./gateway/admin.ts";
import { LIMITS, MiB } from "./limits.ts";
import { Gateway } from "./gateway/gateway.ts";
import { listen } from "./gateway/listen.ts";
import { Events, type Listener } from "./observe/events.ts";
import { Logs } from "./observe/log.ts";
import { LoopDelay } from "./observe/loop_delay.ts";
import { Meter } from "./observe/meter.ts";
import { Metrics } from "./observe/metrics.ts";
import { Bundler } from "./registry/bundler.ts";
import { bundleEnv } from "./registry/child_env.ts";
import type { Functions } from "./registry/function.ts";
import { NativeMirror } from "./registry/native_mirror.ts";
import { Npm } from "./registry/npm.ts";
import { pythonParts } from "./registry/python_parts.ts";
import { Registry } from "./registry/registry.ts";
import { Scheduler } from "./scheduler/scheduler.ts";
import { startSetup } from "./setup/setup.ts";
import { DataFolder } from "./state/data_folder.ts";
import { openStore } from "./state/db.ts";
import { hearStrayErrors } from "./cli/stray_errors.ts";
import type { Tier } from "./tiers/tier.ts";
import { OpeningTier } from "./tiers/opening_tier.ts";
import { openEngine } from "./tiers/wasm/open_engine.ts";
import { WasiModules } from "./tiers/wasm/wasi.ts";
import { WasiCompiler } from "./tiers/wasm/wasi_compiler.ts";
import { WasmTier } from "./tiers/wasm/wasm_tier.ts";
import type { FunctionId } from "./types.ts";
import { openVmTier } from "./vm_tier.ts";

export interface Server {
  readonly address: { readonly hostname: string; readonly port: number };
  readonly functions: Functions;
  /** Text of a function with its places brought to the user's files, and the line where its stack began. */
  readonly explain: (id: FunctionId, version: string, text: string) => Promise<string>;
  /** All functions are known; what was deployed is served. */
  readonly ready: Promise<void>;
  /** No new requests, running ones finish; resolves when everything is closed. */
  drain(): Promise<void>;
  /** Resolves when it listens no more. */
  readonly finished: Promise<void>;
}

/** Snapshots that are kept in memory: this part of the server's memory, and no more than so much. */
const RESIDENT_PART = 8;
const RESIDENT_BYTES = 256 * MiB;
const BUNDLE_TIMEOUT_MS = 30_000;
const BUNDLE_MEMORY_BYTES = 1024 * MiB;
const BUNDLER_IDLE_MS = 5000;
/** This very Deno, under the one path that a permission can name beforehand. */
const DENO = "/proc/self/exe";
const NPM_TIMEOUT_MS = 120_000;
const NPM_TOLD_AFTER_MS = 2000;

/** Builds everything; what is built later is closed first. `listener` hears what happens from the beginning. */
export async function serve(
  options: ServeOptions,
  progress: (line: string) => void,
  listener: Listener,
): Promise<Server> {
  const closing = new AsyncDisposableStack();
  const events = new Events();
  events.on(listener);
  try {
    return await compose(options, progress, events, closing);
  } catch (error) {
    await closing.disposeAsync();
    throw error;
  }
}

async function compose(
  { functionsDir, dataDir, hostname, port, dev }: ServeOptions,
  progress: (line: string) => void,
  events: Events,
  closing: AsyncDisposableStack,
): Promise<Server> {
  const env = Deno.env.toObject();
  const setup = startSetup({ progress, env });
  const folder = closing.use(await DataFolder.open(dataDir));
  // Its thread starts while the engine is made ready.
  const opening = openStore(folder.database);
  closing.defer(() => opening.then((store) => store.close(), () => {}));

  const warn = (message: string) => events.emit({ type: "server", atMs: clock.now(), level: "warn", message });
  closing.use(hearStrayErrors((error) => {
    const detail = error instanceof Error ? error.stack : `${error}`;
    events.emit({ type: "server", atMs: clock.now(), level: "error", message: "An error was not caught", detail });
  }));
  const gateway = new Gateway({ clock, events });
  const http = listen({ hostname, port, events, handle: gateway.handle });
  closing.defer(() => http.close());
  await folder.announce(`http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${http.port}`);

  const [store, { library }, image] = await Promise.all([opening, setup.shim, setup.engine]);
  const shim = openShim(library);
  const native = new Native(shim);
  native.wasmtimeVersion();
  native.boundReceive(http.port, LIMITS.unreadBytes);
  const deadlines = new Deadlines(clock);
  const cores = availableParallelism();
  const fetching = new FetchHost({ clock, capOf: (tenant) => registry.netOf(tenant) });
  closing.defer(() => fetching.close());
  const computing = new CryptoHost({ clock, cores });
  closing.defer(() => computing.close());
  const proxying = new ProxyHost({ clock, capOf: (tenant) => registry.netOf(tenant) });
  const host = hostOf({
    [Family.CRYPTO]: computing.open,
    [Family.FETCH]: fetching.host,
    [Family.FILES]: filesHost,
    [Family.PROXY]: proxying.host,
  });
  const engine = await openEngine({ native, image, clock, deadlines, host, cores });
  const memoryOf = (pid: number) => native.familyMemory(pid);
  const wasi = new WasiModules(
    new NativeWasi(shim),
    new WasiCompiler({ deno: DENO, env: bundleEnv(env), library, memoryOf }),
  );
  const tier = new WasmTier({ engineId: image.id, clock, engine, wasi, residentBytes: RESIDENT_BYTES });
  closing.defer(() => tier.close());
  const openingVm = openVmTier({
    setup,
    symbols: shim,
    folder: folder.path,
    env,
    clock,
    deadlines,
    host,
    cores,
    memoryOf: (pid) => native.ownMemory(pid),
    memoryBytesOf: (tenant) => registry.memoryMbOf(tenant) * MiB,
    cpuShareOf: (tenant) => registry.cpuShareOf(tenant),
    onTrouble: warn,
  });
  // Compiling it takes a while, the first time: what needs no microVM does not wait for that.
  const vm: Tier = await setup.hasCell() ? await openingVm : new OpeningTier("vm", openingVm);
  closing.defer(() => vm.close());

  const bundler = closing.use(
    new Bundler({
      deno: DENO,
      env,
      memoryBytes: BUNDLE_MEMORY_BYTES,
      memoryOf,
      timeoutMs: BUNDLE_TIMEOUT_MS,
      idleMs: BUNDLER_IDLE_MS,
    }),
  );
  const registry = closing.use(
    new Registry({
      functions: functionsDir,
      data: folder.path,
      clock,
      events,
      store,
      fs: new NativeMirror(native),
      bundler,
      npm: new Npm({
        deno: DENO,
        env,
        folder: join(folder.path, "npm"),
        timeoutMs: NPM_TIMEOUT_MS,
        mostBytes: LIMITS.packagesBytes,
        toldAfterMs: NPM_TOLD_AFTER_MS,
      }),
      python: pythonParts({
        env,
        folder: join(folder.path, "python"),
        pack: (to, sources) => packImage(shim, to, sources),
        pythonOf: async () => (await findPython(env)).version,
      }),
      tiers: { wasm: tier, vm },
      builds: cores,
    }),
  );

  const logs = closing.use(
    new Logs({
      folder: folder.logs,
      mapStack: (id, version, text) => registry.sourceMapped(id, version, text),
      onTrouble: warn,
    }),
  );
  const meter = closing.use(new Meter({ store, onTrouble: warn }));
  const loopDelay = closing.use(new LoopDelay(clock));
  events.on(logs.hear);
  events.on(meter.hear);

  await registry.start();
  const settings = registry.serverSettings(Deno.systemMemoryInfo().total / MiB);
  const memoryBytes = settings.memoryMb * MiB;
  tier.resize({
    memoryBytes: Math.min(RESIDENT_BYTES, memoryBytes / RESIDENT_PART),
    concurrency: settings.concurrency,
  });
  vm.resize({ memoryBytes, concurrency: settings.concurrency });
  const scheduler = new Scheduler({
    clock,
    deadlines,
    limits: { concurrency: settings.concurrency, queue: settings.queue, memoryBytes },
    tenantLimits: (tenant) => ({ concurrency: registry.concurrencyOf(tenant), queue: settings.queue }),
    load: (entry) => registry.load(entry),
  });
  const metrics = new Metrics({
    running: () => scheduler.running,
    waiting: () => scheduler.waiting,
    functions: () => countBy(registry.list(), ({ state }) => state),
    engine: () => native.stats(),
    vm: async () => await vm.stats?.() ?? {},
    logLinesDropped: () => logs.dropped,
    loopDelayMs: () => loopDelay.longestMs,
    residentBytes: () => Deno.memoryUsage().rss,
  });
  events.on(metrics.hear);
  const explain: Server["explain"] = (id, version, text) => registry.explained(id, version, text);
  let isDraining = false;
  gateway.open({
    deadlines,
    scheduler,
    explain: dev ? ({ id }, version, detail) => explain(id, version, detail) : null,
    domains: settings.domains,
    functions: registry,
    admin: adminApi({
      token: folder.adminToken,
      clock,
      functions: registry,
      meter,
      logs,
      metrics,
      events,
      notReady: () => isDraining ? "The server is going down" : null,
      doctor: async () => (await import("./doctor.ts")).diagnose({ dataDir, env, progress: () => {} }),
    }),
  });
  return {
    address: { hostname, port: http.port },
    functions: registry,
    explain,
    ready: registry.settled(),
    finished: http.finished,
    async drain() {
      isDraining = true;
      gateway.drain();
      logs.dismissFollowers();
      await http.drain(scheduler.idle(), settings.drainMs);
      http.close();
      await closing.disposeAsync();
    },
  };
}

function countBy<T>(items: readonly T[], keyOf: (item: T) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[keyOf(item)] = (counts[keyOf(item)] ?? 0) + 1;
  return counts;
}
